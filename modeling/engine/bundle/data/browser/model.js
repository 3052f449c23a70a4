// A bundle's model in a browser: texts to labels with probabilities, by onnxruntime-web.
import { makeTokenizer } from "./tokenizer.js";

const MOST_CHARACTERS = 20_000;

/**
 * Load the bundle that lies at an address.
 *
 * ort: the module of onnxruntime-web. base: the address of the bundle's folder, ending in a slash.
 * Throws where the bundle reads or answers something that this page cannot.
 */
export async function loadModel(ort, base) {
  const [manifest, labels, tokenizer, graph] = await Promise.all([
    get(base, "manifest.json").then((answer) => answer.json()),
    get(base, "labels.json").then((answer) => answer.json()),
    get(base, "tokenizer.json").then((answer) => answer.json()),
    get(base, "model.onnx").then((answer) => answer.arrayBuffer()),
  ]);
  const answer = ANSWERS[manifest.answering.kind];
  if (manifest.reading.kind !== "text" || !answer) {
    throw new Error(`This page runs texts with labels, not ${manifest.reading.kind} with ${manifest.answering.kind}.`);
  }
  const tokenize = makeTokenizer(tokenizer);
  const session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
  const [output] = manifest.graph.outputs;

  /** Return the answer for one text: { label, probabilities } or { labels, probabilities }. */
  async function predict(text) {
    if ([...text].length > MOST_CHARACTERS) throw new Error(`At most ${MOST_CHARACTERS} characters are read.`);
    const ids = BigInt64Array.from(tokenize(text), BigInt);
    const shape = [1, ids.length];
    const found = await session.run({
      input_ids: new ort.Tensor("int64", ids, shape),
      attention_mask: new ort.Tensor("int64", new BigInt64Array(ids.length).fill(1n), shape),
    });
    const chances = [...found[output].data];
    if (chances.length !== labels.length || !chances.every(Number.isFinite)) {
      throw new Error("The model gave a number that is none. Its answer is not to be trusted.");
    }
    return answer(labels, chances);
  }
  return { manifest, labels, predict };
}

const ANSWERS = {
  label: (labels, chances) => ({
    label: labels[chances.indexOf(Math.max(...chances))],
    probabilities: byLabel(labels, chances),
  }),
  labels: (labels, chances) => ({
    labels: labels.filter((_, place) => chances[place] >= 0.5),
    probabilities: byLabel(labels, chances),
  }),
};

const byLabel = (labels, chances) => Object.fromEntries(labels.map((label, place) => [label, chances[place]]));

async function get(base, name) {
  const answer = await fetch(new URL(name, base));
  if (!answer.ok) throw new Error(`${name} cannot be fetched: ${answer.status}.`);
  return answer;
}
