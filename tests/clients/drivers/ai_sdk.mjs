// The Vercel AI SDK with its OpenAI-compatible provider.
import { readFileSync } from "node:fs";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { Output, generateText, streamText, tool } from "ai";
import { z } from "zod";
import { BOMB, BREAD, MODEL, OVERLOADED, ROAST, WEATHER, baseURL, tell } from "./report.mjs";

const provider = createOpenAICompatible({ name: "gatehouse", baseURL: `${baseURL}/v1`, apiKey: "none", supportsStructuredOutputs: true });

async function ask(prompt, model = MODEL) {
  const { text, finishReason } = await generateText({ model: provider(model), prompt, maxRetries: 0 });
  return { text, finish: finishReason };
}

async function stream(prompt) {
  const found = streamText({ model: provider(MODEL), prompt, maxRetries: 0, onError: () => {} });
  let text = "";
  for await (const piece of found.textStream) text += piece;
  return { text, finish: await found.finishReason };
}

async function structured(prompt) {
  const output = Output.object({ schema: z.object({ answer: z.string() }) });
  const found = await generateText({ model: provider(MODEL), prompt, output, maxRetries: 0 });
  return { text: found.text, parsed: found.output, finish: found.finishReason };
}

async function jsonMode(prompt) {
  const found = await generateText({ model: provider(MODEL), prompt, output: Output.json(), maxRetries: 0 });
  return { text: found.text, parsed: found.output, finish: found.finishReason };
}

async function call() {
  const tools = { get_weather: tool({ description: "The weather in a city.", inputSchema: z.object({ city: z.string() }) }) };
  const { toolCalls } = await generateText({ model: provider(MODEL), prompt: WEATHER, tools, maxRetries: 0 });
  return { tool: toolCalls[0].toolName, arguments: toolCalls[0].input };
}

const { version } = JSON.parse(readFileSync(new URL("./node_modules/ai/package.json", import.meta.url)));
await tell(version, {
  allowed: () => ask(BREAD),
  stream_allowed: () => stream(BREAD),
  blocked: () => ask(BOMB),
  stream_blocked: () => stream(BOMB),
  structured_blocked: () => structured(BOMB),
  json_blocked: () => jsonMode(BOMB),
  revised: () => ask(ROAST),
  tool_call: call,
  upstream_error: () => ask(BREAD, OVERLOADED),
});
