/* Verify an evidence bundle in the browser: the steps of hutong/verify.py, word for word, with WebCrypto.
 *
 * A plain ES module without dependency: <script type="module" src=".../verify.js"></script>, then
 *   const report = await window.hutongVerify(bundle, { key, seen });
 *   window.hutongShowReport(report, element, "zh");
 * Nothing leaves the page. Formats: RFC 9162 (Merkle tree), RFC 8785 (canonical JSON, here without floats),
 * RFC 8032 (Ed25519), C2SP signed-note and tlog-checkpoint.
 *
 * Report: { accepted, subject, steps: [{ name, ok: true|false|null, en, zh }], first_bad: { seq, operation,
 * subject } | null }. Steps stop at the first that fails. Never rejects.
 */

const FORMAT = "hutong-bundle/1";
const DEEPEST = 100;
export const STEPS = {
  format: ["Format", "格式"],
  keys: ["Keys", "密钥"],
  checkpoint: ["Checkpoint", "检查点"],
  history: ["History", "历史"],
  manifest: ["Manifest", "清单"],
  entries: ["Entries", "条目"],
  order: ["Order", "次序"],
  seen: ["Seen before", "曾见检查点"],
};
const BUNDLE_FIELDS = ["checkpoint", "entries", "format", "history", "log", "manifest", "record", "subject"];
const ENTRY_FIELDS = [
  "actor", "files", "from_state", "id", "operation", "organisation", "passport", "payload_sha256",
  "recorded_at", "seq", "subject", "subject_kind", "to_state", "v", "valid_at",
];
const MANIFEST_LINES = ["subject", "checkpoint", "entries", "leaves", "seqs", "erased", "record"];
const NO_LEAF = { seq: null, operation: null, subject: null };

class Refused extends Error {
  constructor(en, zh, leaf = null) {
    super(en);
    this.en = en;
    this.zh = zh;
    this.leaf = leaf;
  }
}

const CHECKS = {
  format: checkFormat,
  keys: checkKeys,
  checkpoint: checkCheckpoint,
  history: checkHistory,
  manifest: checkManifest,
  entries: checkEntries,
  order: checkOrder,
  seen: checkSeen,
};

/** Check a parsed bundle. options.key: base64 of the hub's public key; options.seen: text of a kept checkpoint. */
export async function hutongVerify(bundle, options = {}) {
  const work = {
    raw: isMap(bundle) ? bundle : {},
    askedKey: options.key ?? null,
    seen: options.seen ?? null,
    older: new Map(),
    manifest: new Map(),
    leaves: [],
  };
  const steps = [];
  let refused = null;
  for (const [name, check] of Object.entries(CHECKS)) {
    if (refused !== null) {
      steps.push({ name, ok: null, en: "Not reached.", zh: "未进行到此步。" });
      continue;
    }
    try {
      const [ok, en, zh] = await check(work);
      steps.push({ name, ok, en, zh });
    } catch (problem) {
      refused = problem instanceof Refused ? problem : unable(problem);
      steps.push({ name, ok: false, en: refused.en, zh: refused.zh });
    }
  }
  const subject = own(work.raw, "subject");
  return {
    accepted: refused === null,
    subject: typeof subject === "string" ? subject : null,
    steps,
    first_bad: refused === null ? null : refused.leaf,
  };
}

/** Write the report into an element: a table of three columns (result, step, sentence), then the verdict. */
export function hutongShowReport(report, element, language = "en") {
  const zh = language.startsWith("zh");
  const words = zh ? { true: "通过", false: "不通过", null: "–" } : { true: "passed", false: "REFUSED", null: "–" };
  const table = document.createElement("table");
  table.className = "table";
  const body = table.createTBody();
  for (const step of report.steps) {
    const row = body.insertRow();
    row.dataset.ok = String(step.ok);
    row.insertCell().textContent = words[String(step.ok)];
    const title = document.createElement("th");
    title.scope = "row";
    title.textContent = STEPS[step.name][zh ? 1 : 0];
    row.append(title);
    row.insertCell().textContent = zh ? step.zh : step.en;
  }
  const verdict = document.createElement("p");
  verdict.setAttribute("role", "status");
  const said = report.accepted ? ["Accepted.", "已接受。"] : ["Refused.", "未接受。"];
  verdict.textContent = said[zh ? 1 : 0];
  const bad = report.first_bad;
  if (bad !== null) {
    const parts = [bad.seq, bad.operation, bad.subject].filter((part) => part !== null).join(", ") || "?";
    verdict.textContent += zh ? `首个有误的叶子：${parts}` : ` First bad leaf: ${parts}`;
  }
  element.replaceChildren(table, verdict);
}

function checkFormat(work) {
  const raw = work.raw;
  const log = own(raw, "log");
  const key = isMap(log) ? own(log, "key") : null;
  const good =
    own(raw, "format") === FORMAT &&
    hasExactly(raw, BUNDLE_FIELDS) &&
    isMap(log) &&
    hasExactly(log, ["key", "origin"]) &&
    isMap(key) &&
    hasExactly(key, ["name", "public"]) &&
    [raw.subject, raw.checkpoint, raw.manifest, log.origin, key.name, key.public].every(
      (text) => typeof text === "string" && text !== "" && encodes(text),
    ) &&
    Array.isArray(raw.entries) &&
    raw.entries.length > 0 &&
    Array.isArray(raw.history);
  if (!good) throw new Refused(`This is not a bundle of the form ${FORMAT}.`, `此文件不是${FORMAT}格式的证据包。`);
  return [true, `The bundle has the form ${FORMAT}.`, `证据包符合${FORMAT}格式。`];
}

async function checkKeys(work) {
  if (!globalThis.crypto?.subtle) {
    throw new Refused(
      "This page cannot compute: the browser gives cryptography only to pages opened over HTTPS or on this machine.",
      "本页无法计算：浏览器仅在HTTPS或本机页面上提供密码功能。",
    );
  }
  const { name, public: encoded } = work.raw.log.key;
  const raw = unbase64(encoded);
  if (raw === null || raw.length !== 32 || !isName(name)) {
    throw new Refused("The log's key is not a named Ed25519 key.", "日志公钥不是带名称的Ed25519公钥。");
  }
  work.name = name;
  work.public = raw;
  try {
    work.key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
  } catch (problem) {
    if (problem?.name === "DataError") {
      throw new Refused("The log's key is not a named Ed25519 key.", "日志公钥不是带名称的Ed25519公钥。");
    }
    throw new Refused(
      "This browser cannot check Ed25519 signatures: use a current one, or the program verify.py.",
      "此浏览器不支持Ed25519签名核验：请改用新版浏览器或verify.py程序。",
    );
  }
  if (work.askedKey === null) {
    return [
      true,
      `The key ${encoded} comes from the bundle itself: compare it with the one the hub publishes.`,
      `公钥${encoded}取自证据包本身：请与中心公布的公钥核对。`,
    ];
  }
  const given = work.askedKey.trim();
  const vkey = /^[^+]*\+[0-9a-f]{8}\+(.*)$/s.exec(given);
  const asked = unbase64(vkey ? vkey[1] : given);
  const same = asked !== null && (equal(asked, raw) || equal(asked, join([new Uint8Array([1]), raw])));
  if (!same) throw new Refused("The bundle names another key than the one you gave.", "证据包所示公钥与您提供的公钥不同。");
  return [true, "The bundle names the key you gave.", "证据包所示公钥即您提供的公钥。"];
}

async function checkCheckpoint(work) {
  const [size, root] = await checkpoint(work, work.raw.checkpoint, "The checkpoint", "检查点");
  work.size = size;
  work.root = root;
  return [true, `The checkpoint of ${size} events is signed by the log's key.`, `含${size}个事件的检查点由日志密钥签署。`];
}

async function checkHistory(work) {
  let last = 0;
  for (const [i, older] of work.raw.history.entries()) {
    const en = `Older checkpoint ${i + 1}`;
    const zh = `第${i + 1}个旧检查点`;
    if (!isMap(older) || !hasExactly(older, ["checkpoint", "consistency"])) {
      throw new Refused(`${en} has not the right form.`, `${zh}格式不正确。`);
    }
    const [size, root] = await checkpoint(work, older.checkpoint, en, zh);
    const path = pathOf(older.consistency);
    if (!(last < size && size < work.size)) {
      throw new Refused(`${en} is not older than what follows it.`, `${zh}不早于其后的检查点。`);
    }
    if (path === null || !(await consistent(size, work.size, root, work.root, path))) {
      throw new Refused(
        `${en} (size ${size}) is not a beginning of this log.`,
        `${zh}（规模${size}）不是本日志的前段。`,
      );
    }
    work.older.set(size, root);
    last = size;
  }
  const n = work.older.size;
  if (n === 0) return [true, "The bundle brings no older checkpoint.", "证据包未附旧检查点。"];
  return [true, `The log only grew since each of ${n} older checkpoints.`, `自${n}个旧检查点以来，日志只增未改。`];
}

async function checkManifest(work) {
  const lines = (await note(work, work.raw.manifest, "The manifest", "清单")).split("\n");
  if (lines.length !== MANIFEST_LINES.length + 2 || lines[0] !== `${FORMAT} manifest`) noManifest();
  MANIFEST_LINES.forEach((name, i) => {
    if (!lines[i + 1].startsWith(`${name} `)) noManifest();
    work.manifest.set(name, lines[i + 1].slice(name.length + 1));
  });
  const stated = work.manifest;
  if (stated.get("subject") !== work.raw.subject) {
    throw new Refused("The manifest is about another subject.", "清单所述对象与证据包不同。");
  }
  if (stated.get("checkpoint") !== `${work.size} ${base64(work.root)}`) {
    throw new Refused("The manifest belongs to another checkpoint.", "清单对应另一检查点。");
  }
  if (stated.get("record") !== (await digest(work.raw.record))) {
    throw new Refused("The exported record is not the one in the manifest.", "所附记录与清单不符。");
  }
  return [true, "The manifest is signed and covers the subject and the record.", "清单已签署，涵盖对象及所附记录。"];
}

async function checkEntries(work) {
  let erased = 0;
  for (const entry of work.raw.entries) {
    const leaf = leafOf(entry);
    const header = headerOf(entry, leaf);
    if (entry.payload === null) {
      erased += 1;
    } else if ((await digest(entry.payload)) !== header.payload_sha256) {
      refuse(leaf, "has another payload than its header says", "的内容与事件头不符");
    }
    const encoded = canonical(header);
    const path = pathOf(entry.proof);
    if (encoded === null || path === null) {
      refuse(leaf, "has a header or proof of the wrong form", "的事件头或证明格式不正确");
    }
    const hashed = await sha256(join([new Uint8Array([0]), encoded]));
    if (!(await included(hashed, header.seq, work.size, path, work.root))) {
      refuse(leaf, "is not in the log as shown", "与日志所载不符");
    }
    work.leaves.push(hashed);
  }
  const n = work.leaves.length;
  const en = `Each of ${n} events is in the log exactly as shown`;
  const zh = `${n}个事件均与日志所载完全一致`;
  if (erased) return [true, `${en}; ${erased} payloads were erased.`, `${zh}；其中${erased}个事件的内容已删除。`];
  return [true, `${en}.`, `${zh}。`];
}

async function checkOrder(work) {
  const entries = work.raw.entries;
  const expected = numbers(work.manifest.get("seqs"));
  const erased = numbers(work.manifest.get("erased"));
  if (expected === null || erased === null || work.manifest.get("entries") !== String(expected.length)) noManifest();
  const actual = entries.map((entry) => entry.entry.seq);
  for (let at = 0; at < Math.max(actual.length, expected.length); at += 1) {
    if (actual[at] !== expected[at]) misplaced(entries, actual, expected, at);
  }
  if (hex(await sha256(join(work.leaves))) !== work.manifest.get("leaves")) {
    throw new Refused("The events are not those of the manifest.", "所示事件与清单不符。");
  }
  for (const entry of entries) {
    if ((entry.payload === null) !== erased.includes(entry.entry.seq)) {
      refuse(leafOf(entry), "has its payload shown or left out against the manifest", "的内容有无与清单不符");
    }
  }
  const n = actual.length;
  return [true, `The ${n} events are whole and in order, as the manifest says.`, `${n}个事件齐全且次序正确，与清单一致。`];
}

function misplaced(entries, actual, expected, at) {
  if (at < actual.length && actual.indexOf(actual[at]) < at) refuse(leafOf(entries[at]), "is shown twice", "重复出现");
  if (at < expected.length && !actual.includes(expected[at])) {
    refuse({ ...NO_LEAF, seq: expected[at] }, "is missing from the bundle", "在证据包中缺失");
  }
  if (!expected.includes(actual[at])) refuse(leafOf(entries[at]), "is not in the manifest", "不在清单之列");
  refuse(leafOf(entries[at]), "is out of order", "次序有误");
}

async function checkSeen(work) {
  if (work.seen === null) {
    return [
      null,
      "No checkpoint kept from earlier was given, so rollback and fork were not looked for.",
      "未提供先前保存的检查点，故未检查回退与分叉。",
    ];
  }
  const [size, root] = await checkpoint(work, work.seen, "The checkpoint you kept", "您保存的检查点");
  if (size > work.size) {
    throw new Refused(
      `Rollback: you have seen ${size} events, this log shows ${work.size}.`,
      `日志回退：您曾见${size}个事件，此日志仅有${work.size}个。`,
    );
  }
  const known = size === work.size ? work.root : work.older.get(size);
  if (known !== undefined && !equal(known, root)) {
    throw new Refused(`Fork: this log had another root at size ${size}.`, `日志分叉：规模为${size}时根哈希不同。`);
  }
  if (known === undefined && size > 0) {
    throw new Refused(
      `The bundle does not connect to the checkpoint you kept (size ${size}): ask for one that does.`,
      `证据包未与您保存的检查点（规模${size}）相衔接：请索取可衔接的证据包。`,
    );
  }
  return [true, "The log contains all that you had seen.", "日志包含您先前所见的全部内容。"];
}

function refuse(leaf, en, zh) {
  const seq = leaf.seq === null ? "?" : leaf.seq;
  throw new Refused(`Event ${seq} ${en}.`, `第${seq}号事件${zh}。`, leaf);
}

function noManifest() {
  throw new Refused("The manifest has not the right form.", "清单格式不正确。");
}

function unable(problem) {
  return new Refused(`The browser could not finish this step: ${problem}.`, `浏览器未能完成此步：${problem}。`);
}

function leafOf(entry) {
  const header = isMap(entry) ? own(entry, "entry") : null;
  if (!isMap(header)) return NO_LEAF;
  const seq = own(header, "seq");
  const operation = own(header, "operation");
  const subject = own(header, "subject");
  return {
    seq: Number.isSafeInteger(seq) && seq >= 0 ? seq : null,
    operation: typeof operation === "string" ? operation : null,
    subject: typeof subject === "string" ? subject : null,
  };
}

function headerOf(entry, leaf) {
  const header = isMap(entry) && hasExactly(entry, ["entry", "payload", "proof"]) ? entry.entry : null;
  if (!isMap(header) || !hasExactly(header, ENTRY_FIELDS) || leaf.seq === null) {
    refuse(leaf, "has a header or proof of the wrong form", "的事件头或证明格式不正确");
  }
  if (header.v !== 1) refuse(leaf, "is of a version this verifier does not know", "的版本为本核验程序所不识");
  return header;
}

/* Notes and checkpoints (C2SP) */

async function note(work, text, en, zh) {
  // eslint-disable-next-line no-control-regex
  if (typeof text === "string" && encodes(text) && !/[\x00-\x09\x0b-\x1f]/.test(text)) {
    const gap = text.lastIndexOf("\n\n");
    const lines = text.slice(gap + 2).split("\n");
    if (gap > 0 && lines.pop() === "" && (await signed(work, utf8(text.slice(0, gap + 1)), lines))) {
      return text.slice(0, gap + 1);
    }
  }
  throw new Refused(`${en} is not signed by the log's key.`, `${zh}并非由日志密钥签署。`);
}

async function signed(work, body, lines) {
  const keyId = (await sha256(join([utf8(work.name), new Uint8Array([10, 1]), work.public]))).slice(0, 4);
  let found = false;
  for (const line of lines) {
    const parts = line.split(" ");
    const raw = parts.length === 3 && parts[0] === "—" && isName(parts[1]) ? unbase64(parts[2]) : null;
    if (raw === null || raw.length < 5) return false;
    if (parts[1] === work.name && equal(raw.slice(0, 4), keyId)) {
      const signature = raw.slice(4);
      if (signature.length !== 64) return false;
      if (!(await crypto.subtle.verify({ name: "Ed25519" }, work.key, signature, body))) return false;
      found = true;
    }
  }
  return found;
}

async function checkpoint(work, text, en, zh) {
  const [origin, size = "", encoded = ""] = (await note(work, text, en, zh)).split("\n");
  const root = unbase64(encoded);
  if (!isNumber(size) || root === null || root.length !== 32) {
    throw new Refused(`${en} has not the right form.`, `${zh}格式不正确。`);
  }
  if (origin !== work.raw.log.origin) throw new Refused(`${en} is of another log.`, `${zh}属于另一日志。`);
  return [Number(size), root];
}

/* Merkle tree (RFC 9162). Sizes go to 2^53-1, beyond the 32 bits of JavaScript's shifts: halved by division. */

const half = (n) => Math.floor(n / 2);
const odd = (n) => n % 2 === 1;
const node = (left, right) => sha256(join([new Uint8Array([1]), left, right]));

/** RFC 9162 section 2.1.3.2. */
async function included(leaf, index, size, path, root) {
  if (index >= size) return false;
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of path) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      r = await node(p, r);
      while (fn !== 0 && !odd(fn)) [fn, sn] = [half(fn), half(sn)];
    } else {
      r = await node(r, p);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(r, root);
}

/** RFC 9162 section 2.1.4.2, for 0 < older < newer. */
async function consistent(older, newer, oldRoot, newRoot, path) {
  if (path.length === 0) return false;
  let power = older;
  while (!odd(power)) power = half(power);
  const hashes = power === 1 ? [oldRoot, ...path] : path;
  let [fn, sn] = [older - 1, newer - 1];
  while (odd(fn)) [fn, sn] = [half(fn), half(sn)];
  let [fr, sr] = [hashes[0], hashes[0]];
  for (const c of hashes.slice(1)) {
    if (sn === 0) return false;
    if (odd(fn) || fn === sn) {
      [fr, sr] = [await node(c, fr), await node(c, sr)];
      while (fn !== 0 && !odd(fn)) [fn, sn] = [half(fn), half(sn)];
    } else {
      sr = await node(sr, c);
    }
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && equal(fr, oldRoot) && equal(sr, newRoot);
}

function pathOf(proof) {
  if (!Array.isArray(proof) || proof.length > 128) return null;
  if (!proof.every((p) => typeof p === "string" && /^[0-9a-f]{64}$/.test(p) && p.length === 64)) return null;
  return proof.map((p) => Uint8Array.from({ length: 32 }, (_, i) => parseInt(p.slice(2 * i, 2 * i + 2), 16)));
}

/* Canonical JSON (RFC 8785, no floats) and other small forms */

async function digest(value) {
  const encoded = canonical(value);
  return encoded === null ? null : hex(await sha256(encoded));
}

/** RFC 8785 bytes; null for what has none here: fractions, integers beyond 2^53-1, half characters. */
function canonical(value) {
  const text = write(value, 0);
  return text === null ? null : utf8(text);
}

function write(value, depth) {
  if (depth > DEEPEST) return null;
  if (value === null || value === true || value === false) return String(value);
  if (typeof value === "string") return encodes(value) ? JSON.stringify(value) : null;
  if (typeof value === "number") return Number.isSafeInteger(value) ? String(value) : null;
  const list = Array.isArray(value);
  if (!list && !isMap(value)) return null;
  const parts = [];
  // JavaScript compares strings by UTF-16 code units, which is the order of RFC 8785 section 3.2.3.
  for (const key of list ? value.keys() : Object.keys(value).sort()) {
    const inner = write(value[key], depth + 1);
    if (inner === null || (!list && !encodes(key))) return null;
    parts.push(list ? inner : `${JSON.stringify(key)}:${inner}`);
  }
  return list ? `[${parts.join(",")}]` : `{${parts.join(",")}}`;
}

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

function utf8(text) {
  return new TextEncoder().encode(text);
}

function encodes(text) {
  return !/\p{Surrogate}/u.test(text);
}

function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function equal(one, two) {
  return one.length === two.length && one.every((byte, i) => byte === two[i]);
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}

/** Strict base64: one text per value. */
function unbase64(text) {
  try {
    const raw = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    return base64(raw) === text ? raw : null;
  } catch {
    return null;
  }
}

function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(map, key) {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function hasExactly(map, sorted) {
  const keys = Object.keys(map).sort();
  return keys.length === sorted.length && keys.every((key, i) => key === sorted[i]);
}

function isName(name) {
  // Blanks as Unicode and Python see them: \s lacks U+0085 and the separators U+001C to U+001F.
  // eslint-disable-next-line no-control-regex
  return name !== "" && !name.includes("+") && !/[\s\x00-\x1f\x85]/.test(name);
}

function isNumber(text) {
  return /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text));
}

/** Ascending leaf numbers, "-" for none. */
function numbers(text) {
  if (text === "-") return [];
  const parts = text.split(" ");
  if (!parts.every(isNumber)) return null;
  const found = parts.map(Number);
  return found.every((n, i) => i === 0 || found[i - 1] < n) ? found : null;
}

globalThis.hutongVerify = hutongVerify;
globalThis.hutongShowReport = hutongShowReport;
