// openai-node.
import { readFileSync } from "node:fs";
import OpenAI from "openai";
import { zodResponseFormat, zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { BOMB, BREAD, MODEL, OVERLOADED, ROAST, WEATHER, baseURL, readJson, tell } from "./report.mjs";

const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: "none", maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };
const tools = [{ type: "function", function: { name: "get_weather", description: "The weather in a city.", parameters } }];

async function ask(prompt, model = MODEL) {
  const [choice] = (await client.chat.completions.create({ model, messages: user(prompt) })).choices;
  return { text: choice.message.content, refusal: choice.message.refusal, finish: choice.finish_reason };
}

async function stream(prompt) {
  let [text, refusal, finish] = ["", "", ""];
  for await (const chunk of await client.chat.completions.create({ model: MODEL, messages: user(prompt), stream: true })) {
    for (const choice of chunk.choices) {
      text += choice.delta.content ?? "";
      refusal += choice.delta.refusal ?? "";
      finish = choice.finish_reason ?? finish;
    }
  }
  return { text, refusal, finish };
}

async function structured(prompt) {
  const response_format = zodResponseFormat(z.object({ answer: z.string() }), "answer");
  const [choice] = (await client.chat.completions.parse({ model: MODEL, messages: user(prompt), response_format })).choices;
  const { content, refusal, parsed } = choice.message;
  return { text: content, refusal, parsed, finish: choice.finish_reason };
}

async function jsonMode(prompt) {
  const response_format = { type: "json_object" };
  const [choice] = (await client.chat.completions.create({ model: MODEL, messages: user(prompt), response_format })).choices;
  const { content, refusal } = choice.message;
  return { text: content, refusal, parsed: readJson(content), finish: choice.finish_reason };
}

async function tool() {
  const [choice] = (await client.chat.completions.create({ model: MODEL, messages: user(WEATHER), tools })).choices;
  const { name, arguments: said } = choice.message.tool_calls[0].function;
  return { tool: name, arguments: JSON.parse(said) };
}

async function respond(prompt, model = MODEL) {
  return responded(await client.responses.create({ model, input: prompt }));
}

function responded(found) {
  const parts = found.output.flatMap((item) => item.content ?? []);
  const refusal = parts.filter((part) => part.type === "refusal").map((part) => part.refusal).join("");
  return { text: found.output_text, refusal, finish: found.status };
}

async function respondStructured(prompt) {
  const text = { format: zodTextFormat(z.object({ answer: z.string() }), "answer") };
  const found = await client.responses.parse({ model: MODEL, input: prompt, text });
  return { ...responded(found), parsed: found.output_parsed };
}

async function respondTool() {
  const called = { type: "function", strict: true, ...tools[0].function };
  const found = await client.responses.create({ model: MODEL, input: WEATHER, tools: [called] });
  const call = found.output.find((item) => item.type === "function_call");
  return { tool: call.name, arguments: JSON.parse(call.arguments) };
}

async function respondStream(prompt) {
  let [text, refusal, finish] = ["", "", ""];
  for await (const event of await client.responses.create({ model: MODEL, input: prompt, stream: true })) {
    if (event.type === "response.output_text.delta") text += event.delta;
    if (event.type === "response.refusal.delta") refusal += event.delta;
    if (["response.completed", "response.incomplete", "response.failed"].includes(event.type)) finish = event.response.status;
  }
  return { text, refusal, finish };
}

const { version } = JSON.parse(readFileSync(new URL("./node_modules/openai/package.json", import.meta.url)));
await tell(version, {
  allowed: () => ask(BREAD),
  stream_allowed: () => stream(BREAD),
  blocked: () => ask(BOMB),
  stream_blocked: () => stream(BOMB),
  structured_blocked: () => structured(BOMB),
  json_blocked: () => jsonMode(BOMB),
  revised: () => ask(ROAST),
  tool_call: tool,
  upstream_error: () => ask(BREAD, OVERLOADED),
  responses_allowed: () => respond(BREAD),
  responses_blocked: () => respond(BOMB),
  responses_stream_blocked: () => respondStream(BOMB),
  responses_structured_blocked: () => respondStructured(BOMB),
  responses_revised: () => respond(ROAST),
  responses_tool_call: respondTool,
  responses_upstream_error: () => respond(BREAD, OVERLOADED),
});
