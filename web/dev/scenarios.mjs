/** Projects for looking at the page while working on it. The texts are made up for this purpose. */

const sms = [
  "Congratulations! You have been picked for a £500 shopping voucher. Text WIN to 80082 before midnight to claim. Std rates apply.",
  "Running ten minutes late, the bus is stuck behind roadworks again. Order me a coffee?",
  "Your parcel is held at our depot. Pay the outstanding fee of 1.99 within 24 hours: parcel-release.example/pay",
  "Don't forget mum's birthday on Sunday. I booked a table for six at seven.",
  "URGENT! Your account will be closed. Confirm your details now at secure-login.example",
  "Ok lor, see you at the station then 😊",
  "Did you see the email from Karen? She wants the slides by tomorrow noon, not Friday.",
  "FREE ringtone! Reply YES to 87077 for this week's top hit. 150p/msg, unsubscribe STOP",
  "I left the keys under the blue flower pot. Feed the cat please, she likes the tuna one best.",
  "Final reminder: you qualify for a refund on your tax return. Apply here within 2 days.",
];
const reviews = [
  "房间很干净，前台服务态度也很好，离地铁站步行只要五分钟，下次还会选择这里。",
  "书的内容一般，排版错误很多，看到一半实在看不下去了，不推荐购买。",
  "电池用了不到三个月就鼓包了，联系客服一直推脱，非常失望。",
  "给爸妈买的，字体大，操作简单，老人家很喜欢。快递也很快，包装完好。",
  "价格偏高，但是音质确实对得起这个价位，低音浑厚，人声清晰。",
];
const intents = ("activate my card,age limit,apple pay or google pay,atm support,automatic top up,balance not updated,beneficiary not allowed,cancel transfer,"
  + "card about to expire,card acceptance,card arrival,card delivery estimate,card linking,card not working,card payment fee charged,card swallowed,"
  + "cash withdrawal charge,change pin,compromised card,contactless not working,country support,declined card payment,declined transfer,edit personal details,"
  + "exchange charge,exchange rate,exchange via app,failed transfer,fiat currency support,get physical card,getting spare card,lost or stolen card,lost or stolen phone,"
  + "order physical card,passcode forgotten,pending card payment,pending top up,pin blocked,receiving money,refund not showing up,request refund,terminate account,"
  + "top up failed,top up limits,transfer fee charged,transfer timing,unable to verify identity,verify source of funds,visa or mastercard,why verify identity").split(",");

const spam = [
  { value: "spam", title: "Spam", hotkey: "1", color: "#b3261e" },
  { value: "ham", title: "Not spam", hotkey: "2", color: "#1b672d" },
];
const choice = (labels, more = {}) => [{ name: "label", type: "choice", multiple: false, required: true, labels, ...more }];
const titled = (value) => ({ value: value.replaceAll(" ", "_"), title: value[0].toUpperCase() + value.slice(1) });
const repeat = (texts, count) => Array.from({ length: count }, (_, i) => texts[i % texts.length]);
const guidelines = `# What counts as spam

A message is **spam** when nobody who knows the recipient wrote it *and* it wants something: money, a click, a reply.

## Examples

- prizes, refunds and vouchers nobody asked for
- \`150p/msg\` and other premium numbers
- links that pretend to be a bank or a parcel service

> When in doubt, ask: would the recipient miss this message?

1. Read the whole text.
2. Choose the label that fits **best**.
3. Skip what you can't read.

More in the [handbook](https://example.org/handbook).`;

/** \`prefer\` gives the suggested label of a text, or null. */
export const scenarios = {
  1: { name: "SMS spam", texts: repeat(sms, 60), controls: choice(spam), guidelines, prefer: (text) => (/[A-Z]{4}|refund|fee|qualify/.test(text) ? ["spam", 0.93] : ["ham", 0.58]) },
  2: {
    name: "商品评论情感", texts: repeat(reviews, 40), guidelines: "# 标注规则\n\n请按**整体**情感选择标签。\n\n- 正面：推荐、满意\n- 负面：失望、投诉",
    controls: choice([{ value: "正面", title: "正面", color: "#1b672d" }, { value: "负面", title: "负面", color: "#b3261e" }, { value: "中性", title: "中性", color: "#5c6863" }]),
    prefer: (text) => (/失望|不推荐/.test(text) ? ["负面", 0.91] : ["正面", 0.87]),
  },
  3: {
    name: "Topics of a message", texts: repeat(sms, 30), guidelines: "",
    controls: choice(["family", "work", "travel", "food", "money", "advertising", "health"].map(titled), { multiple: true }), prefer: () => null,
  },
  4: { name: "Bank intents", texts: repeat(["I topped up an hour ago and the money still isn't there. What now?", "The machine kept my card!"], 30), controls: choice(intents.map(titled)), guidelines: "", prefer: () => ["card_swallowed", 0.74] },
  5: { name: "Empty project", texts: [], controls: choice(spam), guidelines: "", prefer: () => null },
  6: { name: "Others hold the rest", texts: repeat(sms, 10), controls: choice(spam), guidelines: "", prefer: () => null, othersHold: true },
  7: {
    name: "Contracts", guidelines: "", controls: choice(["lease", "purchase", "employment", "other"].map(titled)), prefer: () => null,
    texts: Array.from({ length: 6 }, (_, i) => `Contract ${i}\n\n${"The tenant shall keep the premises in good repair and return them as they were received.\n".repeat(11_600)}`),
  },
  9: {
    name: "People and places", guidelines: "", prefer: () => null,
    texts: repeat([
      "Ada Lovelace met Charles Babbage in London in 1833 👩‍🔬. He showed her the Difference Engine, and she never forgot it.",
      "王小明于2021年从北京搬到上海，现在在华东师范大学任教。他的同事李华住在杭州。",
      "The Bank of England 🇬🇧 said on Tuesday that Zoë Müller will join its board from Zürich.",
    ], 30),
    controls: [
      { name: "names", type: "spans", field: "text", labels: [{ value: "PER", title: "Person", color: "#0072b2" }, { value: "LOC", title: "Place", color: "#009e73" }, { value: "ORG", title: "Organization", color: "#d55e00" }, { value: "DATE", title: "Date", color: "#cc79a7" }] },
      { name: "ties", type: "relations", spans: "names", title: "Relations", required: false, labels: [{ value: "lives in", title: "lives in" }, { value: "works for", title: "works for" }] },
    ],
  },
  10: {
    name: "Which answer is better?", guidelines: "", prefer: () => null, display: [{ type: "markdown", field: "prompt", title: "Question" }, { type: "pair", a: "first", b: "second", markdown: true }],
    texts: repeat([{ prompt: "How do I boil an egg?", first: "1. Bring water to a boil.\n2. Put the egg in for **7 minutes**.\n3. Cool it under cold water.", second: "Eggs are boiled in water. `Time` depends.\n\n- soft: 5 min\n- hard: 10 min <script>alert(1)</script>" }], 12),
    controls: [
      { name: "better", type: "preference", labels: [{ value: "a", title: "A", hotkey: "1" }, { value: "b", title: "B", hotkey: "2" }, { value: "tie", title: "tie", hotkey: "0" }] },
      { name: "helpful", type: "rating", title: "Helpful", steps: 5, sides: true, low: "not at all", high: "very", required: false },
      { name: "rewrite", type: "text", title: "A better answer", required: false, start_from: "", lines: 2 },
    ],
  },
  11: {
    name: "Penguins", guidelines: "", prefer: () => null, display: [{ type: "value", field: "island", title: "Island" }],
    texts: repeat([{ island: "Torgersen", species: "Adelie", mass: 3750, year: 2007, sex: null }, { island: "Biscoe", species: "Gentoo", mass: 99999, year: 2008, sex: "male" }], 12),
    controls: [{ name: "row", type: "form", columns: [{ field: "species", title: "Species", kind: "choice", options: ["Adelie", "Chinstrap", "Gentoo"], required: true }, { field: "mass", title: "Body mass (g)", kind: "number", least: 2000, most: 7000 }, { field: "year", title: "Year", kind: "integer", locked: true }, { field: "sex", title: "Sex", kind: "choice", options: ["female", "male"] }] }],
  },
  12: {
    name: "Goods", guidelines: "", texts: repeat(["Brown leather boots, size 42, hardly worn", "Earl Grey, loose, 250 g"], 12), prefer: () => null,
    controls: [
      { name: "kind", type: "taxonomy", title: "Kind of goods", multiple: true, labels: [{ value: "clothes", title: "Clothes" }, { value: "shoes", title: "Shoes", parent: "clothes" }, { value: "boots", title: "Boots", parent: "shoes" }, { value: "sandals", title: "Sandals", parent: "shoes" }, { value: "coats", title: "Coats", parent: "clothes" }, { value: "food", title: "Food" }, { value: "tea", title: "Tea", parent: "food" }, { value: "coffee", title: "Coffee", parent: "food" }] },
      { name: "quality", type: "rating", title: "Quality of the description", steps: 5, low: "poor", high: "good" },
    ],
  },
  8: { name: "Nearly done", texts: sms.slice(0, 2), controls: choice(spam), guidelines: "", prefer: () => null },
};
