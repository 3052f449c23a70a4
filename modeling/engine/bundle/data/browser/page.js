// The page around model.js, in both languages.
const WORDS = {
  en: {
    title: "A model in the browser", loading: "Loading the model…", text: "Texts, one a line", send: "Ask",
    stays: "Nothing leaves this page: the model runs here.", keys: "Ctrl + Enter asks as well.",
    ready: "The model is ready.", none: "Write something first.", nothing: "No label", language: "中文",
    noRuntime: "onnxruntime-web is not at {place}. readme.md says how to get it.", failed: "It does not run: {why}",
  },
  zh: {
    title: "浏览器中的模型", loading: "正在加载模型…", text: "文本，每行一条", send: "预测",
    stays: "数据不会离开本页，模型就在这里运行。", keys: "也可以按 Ctrl + Enter。",
    ready: "模型已就绪。", none: "请先写点内容。", nothing: "没有标签", language: "English",
    noRuntime: "{place} 处没有 onnxruntime-web，获取方法见 readme.md。", failed: "无法运行：{why}",
  },
};
const MOST_SHOWN = 10;
const at = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let state = ["loading", {}];
let model;

const say = (word, facts = {}) => WORDS[language][word].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

function show(word, facts = {}) {
  state = [word, facts];
  at("state").textContent = say(word, facts);
}

function inWords() {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  document.title = say("title");
  for (const one of document.querySelectorAll("[data-words]")) one.textContent = say(one.dataset.words);
  at("language").textContent = say("language");
  show(...state);
}

async function load() {
  // The place of the runtime is the page's to say, in its head; nothing is fetched from elsewhere.
  const place = new URL(document.querySelector("meta[name=onnxruntime-web]").content, location.href);
  let ort;
  try {
    ort = await import(place.href);
  } catch {
    return show("noRuntime", { place: place.pathname });
  }
  ort.env.wasm.wasmPaths = new URL(".", place).href;
  // Threads need headers that isolate the page, which a plain server of files does not send.
  ort.env.wasm.numThreads = 1;
  try {
    const { loadModel } = await import("./model.js");
    model = await loadModel(ort, new URL("..", location.href));
  } catch (error) {
    return show("failed", { why: error.message });
  }
  window.model = model;
  at("ask").hidden = false;
  show("ready");
}

async function ask(event) {
  event.preventDefault();
  const texts = at("given").value.split("\n").filter((line) => line.trim() !== "");
  if (!texts.length) return show("none");
  at("answers").replaceChildren();
  for (const text of texts) {
    try {
      at("answers").append(answerOf(text, await model.predict(text)));
    } catch (error) {
      return show("failed", { why: error.message });
    }
  }
  show("ready");
}

function answerOf(text, found) {
  const box = document.createElement("article");
  const quote = document.createElement("blockquote");
  quote.textContent = text;
  const heading = document.createElement("h2");
  heading.textContent = found.label ?? (found.labels.join(", ") || say("nothing"));
  const list = document.createElement("ul");
  const chances = Object.entries(found.probabilities).sort((a, b) => b[1] - a[1]);
  for (const [label, chance] of chances.slice(0, MOST_SHOWN)) {
    const line = document.createElement("li");
    line.textContent = `${label}: ${(chance * 100).toFixed(1)} %`;
    list.append(line);
  }
  box.append(quote, heading, list);
  return box;
}

at("language").addEventListener("click", () => {
  language = language === "en" ? "zh" : "en";
  inWords();
});
at("ask").addEventListener("submit", ask);
at("ask").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) at("ask").requestSubmit();
});
inWords();
load();
