// The chat page of Nếp Sống.
//
// Many people write from cheap phones on bad lines, so nothing they write may get lost: a message
// goes into an outbox in localStorage first and from there to the server, again and again under the
// same key until the server says that it is kept. The server does not keep the person's own words
// once they are answered; the conversation shown here is woven from both sides: the own messages
// of this browser and the answers of the server.

const OWN = "nepsong.own";
const DRAFT = "nepsong.draft";
const OWN_LIMIT = 300;

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const REQUEST_TIMEOUT = 30 * SECOND;
const LONGEST_PAUSE = 30 * SECOND;
const PATIENCE = 120 * SECOND; // how long the three dots promise an answer
const HISTORY_GRACE = 1.5 * SECOND; // how long the first picture waits for the history
const QUIET_POLL = 60 * SECOND; // in case the event stream is silently dead

const byId = (id) => document.getElementById(id);
const words = document.body.dataset;
const language = document.documentElement.lang;
const log = byId("log");
const turns = byId("turns");
const firstChoices = byId("first-choices");
const input = byId("text");
const sendButton = byId("send");
const jump = byId("jump");

/** On a touch keyboard Enter breaks the line, as in every messenger; with a real one it sends. */
const onTouch = !matchMedia("(hover: hover) and (pointer: fine)").matches;

// ---- What this browser remembers -----------------------------------------------------------

/** localStorage where it works; where it is forbidden or full, the memory of this tab. */
const storage = {
  memory: null,

  read(name) {
    if (this.memory) return this.memory.get(name) || null;
    try {
      return localStorage.getItem(name);
    } catch {
      return this.useMemory().get(name) || null;
    }
  },

  write(name, value) {
    if (!this.memory) {
      try {
        localStorage.setItem(name, value);
        return;
      } catch {
        this.useMemory();
      }
    }
    this.memory.set(name, value);
  },

  remove(name) {
    if (this.memory) this.memory.delete(name);
    try {
      localStorage.removeItem(name);
    } catch {
      // Nothing could be stored, so nothing is left.
    }
  },

  useMemory() {
    this.memory = new Map();
    for (const name of [OWN, DRAFT]) {
      try {
        this.memory.set(name, localStorage.getItem(name));
      } catch {
        break;
      }
    }
    return this.memory;
  },
};

/**
 * The person's own messages, oldest first:
 * {key, text, choice?, files?, pictures?, others?, at, after, state: "waiting" | "kept" | "refused",
 * keptAt?, error?}. `files` are what the server calls them, until it has kept the message; of the
 * pictures themselves nothing is stored, only how many they were.
 * `after` is the newest server message this browser knew when the message was written; it tells
 * what came earlier without comparing the clocks of two machines.
 */
let own = readOwn();

function readOwn() {
  try {
    const list = JSON.parse(storage.read(OWN));
    return Array.isArray(list) ? list.filter((message) => message && message.key) : [];
  } catch {
    return [];
  }
}

/** Reads again before it writes: another tab of this browser may have added something. */
function changeOwn(change) {
  own = change(readOwn());
  const surplus = own.length - OWN_LIMIT;
  if (surplus > 0) own = own.filter((message, index) => index >= surplus || message.state === "waiting");
  storage.write(OWN, JSON.stringify(own));
  render();
}

const markOwn = (key, marks) =>
  changeOwn((list) => list.map((message) => (message.key === key ? { ...message, ...marks } : message)));

const isWaiting = (message) => message.state === "waiting";

// ---- What the page knows of the server -----------------------------------------------------

const received = new Map(); // id -> message of the server
let lastId = 0;
let hasConversation = words.known === "yes" || own.some((message) => message.state === "kept");
let historyLoaded = !hasConversation;
let failures = 0; // requests in a row that did not get through
let leaving = false; // the conversation is being forgotten

/** What becomes of files is told beside the talk: the buttons shown last stay the ones that count. */
const isBeside = ({ slot, choices, answers }) => !choices.length && (slot !== null || /^file\//.test(answers));

function newestMessage() {
  const inTalk = [...received.values()].filter((message) => !isBeside(message));
  return received.get(Math.max(...inTalk.map(({ id }) => id)));
}

function isAnswered(message) {
  for (const { id, answers } of received.values()) {
    if (answers === message.key || (!answers && id > message.after)) return true;
  }
  return false;
}

/** The own message whose answer is due, if any. */
function awaitedMessage() {
  const newestKept = [...own].reverse().find((message) => message.state === "kept");
  // A phone's clock may be set back; hence the absolute distance.
  if (!newestKept || Math.abs(Date.now() - newestKept.keptAt) > PATIENCE) return undefined;
  return isAnswered(newestKept) ? undefined : newestKept;
}

// ---- Talking to the server -----------------------------------------------------------------

/**
 * One request. Resolves to {ok, data} when the server itself has spoken, and rejects when trying
 * again later is worth it: no line, a proxy's page in place of ours, an overloaded server.
 */
async function call(path, body) {
  const controller = new AbortController();
  const timeout = setTimeout(() => controller.abort(), REQUEST_TIMEOUT);
  try {
    const response = await fetch(path, {
      signal: controller.signal,
      cache: "no-store",
      ...(body && {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(body),
        keepalive: true,
      }),
    });
    const data = await response.json().catch(() => null);
    const { status } = response;
    if (status === 408 || status === 429 || status >= 500 || (response.ok && !data)) {
      throw new Error(`not now: ${status}`);
    }
    failures = 0;
    return { ok: response.ok, status, data: data || {} };
  } catch (error) {
    failures += 1;
    throw error;
  } finally {
    clearTimeout(timeout);
    showNotice();
  }
}

/** One tab at a time, so that two of them do not both send, or start two conversations. */
function exclusively(work) {
  return navigator.locks ? navigator.locks.request("nepsong.outbox", work) : work();
}

let sending = false;
let sendPause = 0;
let sendTimer;

/** Empties the outbox in the order of writing. */
async function sendWaiting() {
  if (sending || leaving) return;
  sending = true;
  clearTimeout(sendTimer);
  try {
    while (await exclusively(sendFirst)) sendPause = 0;
    sendPause = 0;
  } catch {
    sendPause = Math.min(sendPause * 2 || SECOND, LONGEST_PAUSE);
    sendTimer = setTimeout(sendWaiting, sendPause);
  }
  sending = false;
  render();
  // Written while the last look into the outbox was ending.
  if (!sendPause && own.some(isWaiting)) sendWaiting();
}

async function sendFirst() {
  own = readOwn();
  const message = own.find(isWaiting);
  if (!message || leaving) return false;
  const { key, text, choice, files } = message;
  const { ok, status, data } = await call("/chat/messages", {
    key,
    ...(choice ? { choice } : { text, files }),
    lang: language,
  });
  if (ok && !data.kept) throw new Error("not ours");
  if (ok) {
    markOwn(key, { state: "kept", keptAt: Date.now(), files: undefined });
    begin();
  } else {
    const error = data.error || words.refused;
    markOwn(key, { state: "refused", error, ...(status === 410 && { files: undefined }) });
    byId("spoken").textContent = error;
  }
  return true;
}

/** The server knows this browser. */
function begin() {
  hasConversation = true;
  listen();
  schedulePoll();
}

let refreshing = null;
let refreshAgain = false;
let pollTimer;

/** Fetches what is new. A call during a running fetch makes it look once more. */
function refresh() {
  if (!hasConversation || leaving) return null;
  refreshAgain = Boolean(refreshing);
  refreshing = refreshing || fetchNews();
  return refreshing;
}

async function fetchNews() {
  clearTimeout(pollTimer);
  try {
    do {
      refreshAgain = false;
      takeIn((await call(`/chat/messages?after=${lastId}`)).data);
    } while (refreshAgain);
  } catch {
    // The next poll tries again.
  }
  refreshing = null;
  render();
  schedulePoll();
}

function takeIn({ messages, last }) {
  if (!Array.isArray(messages)) return;
  const beganAnew = last < lastId;
  if (beganAnew || (last === 0 && !historyLoaded)) dropForgotten();
  if (beganAnew) {
    lastId = 0;
    refreshAgain = true;
    return;
  }
  for (const message of messages) received.set(message.id, message);
  lastId = last;
  historyLoaded = true;
  startDrawing();
}

/** The server's memory ended (age, deletion): questions whose answers are gone are of no use. */
function dropForgotten() {
  received.clear();
  const isFresh = (message) => message.state !== "kept" || Date.now() - message.keptAt < HOUR;
  if (!own.every(isFresh)) changeOwn((list) => list.filter(isFresh));
}

function schedulePoll() {
  clearTimeout(pollTimer);
  if (hasConversation && !document.hidden && !leaving) pollTimer = setTimeout(poll, pollDelay());
}

function pollDelay() {
  const awaited = awaitedMessage();
  if (!awaited) return failures ? 10 * SECOND : QUIET_POLL;
  const waited = Date.now() - awaited.keptAt;
  if (waited < SECOND) return SECOND;
  return waited < 15 * SECOND ? 1.5 * SECOND : 5 * SECOND;
}

function poll() {
  refresh();
  listen();
}

let stream = null;

/** Keeps the event stream open while somebody looks. It only says, at its start too: look again. */
function listen() {
  if (document.hidden || !hasConversation || leaving) return;
  if (stream && stream.readyState !== EventSource.CLOSED) return;
  stream = new EventSource("/chat/events");
  stream.addEventListener("look", refresh);
}

function stopListening() {
  if (stream) stream.close();
  stream = null;
}

let wakeTimer;

/** The person is back, or the line is: do at once what was waiting. */
function wake() {
  // Coming back fires several events in a row; one round of requests is enough.
  clearTimeout(wakeTimer);
  wakeTimer = setTimeout(() => {
    sendWaiting();
    if (document.hidden) return;
    refresh();
    listen();
  }, 50);
}

function rest() {
  stopListening();
  clearTimeout(pollTimer);
}

// ---- Putting the conversation in order -----------------------------------------------------

/** The server's messages by id; of those that share a slot the newest, in the place of the first. */
function placedMessages() {
  const places = new Map();
  for (const message of [...received.values()].sort((a, b) => a.id - b.id)) {
    const place = message.slot === null ? message.id : `slot ${message.slot}`;
    const first = places.get(place);
    const { answers, since } = first || { answers: message.answers, since: message.id };
    places.set(place, { ...message, answers, since });
  }
  return [...places.values()];
}

/** Every own message followed by its answers; what answers nothing stands where it came in. */
function conversation() {
  const answers = new Map(own.map((message) => [message.key, []]));
  const others = [];
  for (const message of placedMessages()) (answers.get(message.answers) || others).push(message);

  const lines = [];
  for (const message of own) {
    while (others.length && others[0].since <= message.after) lines.push(others.shift());
    lines.push(message, ...answers.get(message.key));
  }
  return [...lines, ...others];
}

/** All that is to be seen below the greeting: lines, days, buttons, dots. */
function entries() {
  const lines = conversation();
  const awaited = awaitedMessage();
  const isOpen = historyLoaded && !awaited && !own.some(isWaiting);
  const newest = newestMessage();
  const lastOwn = own[own.length - 1];
  const list = [];
  let day = dayOf(Date.now());
  lines.forEach((line, index) => {
    if (dayOf(line.at) !== day) {
      day = dayOf(line.at);
      list.push({ key: `day before ${line.key || line.id}`, draw: drawDay, at: line.at });
    }
    if (line.key) {
      list.push({ ...line, draw: drawOwn, isLast: line === lastOwn });
      return;
    }
    const next = lines[index + 1];
    list.push({ ...line, key: `message ${line.id}`, draw: drawMessage, endsRun: !next || Boolean(next.key) });
    if (isOpen && newest && line.id === newest.id && line.choices.length) {
      list.push({ key: `choices ${line.id}`, draw: drawChoices, choices: line.choices });
    }
  });
  if (awaited) list.push({ key: "typing", draw: drawTyping });

  firstChoices.hidden = !isOpen || received.size > 0;
  return list;
}

// ---- Drawing -------------------------------------------------------------------------------

function element(name, className, ...children) {
  const node = document.createElement(name);
  node.className = className;
  node.append(...children);
  return node;
}

const locale = language === "vi" ? "vi-VN" : "en-GB";
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });

const dayOf = (at) => new Date(at).toDateString();

function dayName(at) {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayOf(at) === dayOf(Date.now())) return words.today;
  if (dayOf(at) === dayOf(yesterday)) return words.yesterday;
  return calendar.format(at);
}

function bubble(speaker, ...content) {
  const name = element("span", "unseen", `${speaker}: `);
  return element("div", "bubble", name, element("span", "text", ...content));
}

// Each draw function gets the entry and the node drawn for it earlier, if any, and returns the node.

function drawDay({ at }, node) {
  return node || element("p", "day", dayName(at));
}

/** The last paragraph of an answer is its source, or the numbers to call: set apart, smaller. */
function paragraphs(text) {
  const cut = text.lastIndexOf("\n\n");
  if (cut < 0) return linked(text);
  return [...linked(text.slice(0, cut)), element("span", "aside", ...linked(text.slice(cut + 2)))];
}

function drawMessage({ text, at, endsRun }, node) {
  if (!node) {
    const note = element("p", "note", clock.format(at));
    node = element("div", "turn bot", bubble(words.bot, ...paragraphs(text)), note);
  }
  node.querySelector(".note").hidden = !endsRun;
  return node;
}

function drawOwn(entry, node) {
  if (!node) node = element("div", "turn own", bubble(words.you, ...ownContent(entry)), element("p", "note"));
  const remark = ownRemark(entry);
  const note = node.querySelector(".note");
  if (note.textContent !== remark) note.textContent = remark;
  if (entry.state === "refused" && !node.querySelector(".edit")) node.append(editButton(entry));
  node.dataset.state = entry.state;
  return node;
}

/** The words, and what went with them: small pictures as long as this tab lives, then their number. */
function ownContent({ key, text, pictures = 0, others = 0 }) {
  if (!pictures && !others) return [text];
  const images = (thumbs.get(key) || []).map((src) => Object.assign(element("img", ""), { src, alt: "" }));
  const counts = [
    [words.pictures, pictures],
    [words.others, others],
  ].flatMap(([told, count]) => (count ? told.replace("#", count) : []));
  return [text, element("span", "enclosed", ...images, element("span", "counts", counts.join(" · ")))];
}

function ownRemark({ state, at, error, isLast }) {
  if (state === "refused") return error;
  if (state === "waiting") return failures ? words.unsent : words.sending;
  return isLast ? `${clock.format(at)} · ${words.sent}` : clock.format(at);
}

function editButton({ key, text, files = [] }) {
  const button = element("button", "edit", words.edit);
  button.type = "button";
  button.addEventListener("click", () => {
    changeOwn((list) => list.filter((message) => message.key !== key));
    if (tray) tray.put(files.map((file, index) => ({ ...file, thumb: (thumbs.get(key) || [])[index] })));
    setInput([text, input.value].filter(Boolean).join("\n"));
    input.focus();
  });
  return button;
}

function drawChoices({ choices }, node) {
  if (node) return node;
  const group = element("div", "choices", ...choices.map(choiceButton));
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", words.choices);
  return group;
}

function choiceButton({ token, label }) {
  const button = element("button", "choice", label);
  button.type = "button";
  button.dataset.token = token;
  return button;
}

function drawTyping(entry, node) {
  if (node) return node;
  const dots = [1, 2, 3].map(() => element("i", ""));
  return element("div", "turn bot typing", element("div", "bubble", element("span", "unseen", words.typing), ...dots));
}

// A web address, or a number to call that stands alone: not the 114 of "114/2021", "1.114",
// "Điều 114" or "114 triệu". (No lookbehind: older iPhones do not know it.)
const LINKS = new RegExp(
  "(https?://[^\\s<>\"]*[^\\s<>\".,;:!?)\\]])" +
    "|(^|(?:điều|khoản|mục|số hiệu|article|clause)\\s+|[^\\p{L}\\p{N}.,/:_-])" +
    "(1900[ .]?969[ .]?680|11[1-5])" +
    "(?![\\p{L}\\p{N}_]|[.,/:-]\\d|\\s+(?:nghìn|ngàn|triệu|tỷ|tỉ|đồng|%|million|thousand))",
  "giu"
);
const IS_ARTICLE = /\p{L}/u;

/** The text in pieces, with links where there is something to call or to open. */
function linked(text) {
  const pieces = [];
  let done = 0;
  for (const match of text.matchAll(LINKS)) {
    const [whole, address, before = "", number] = match;
    if (number && IS_ARTICLE.test(before)) continue;
    const start = match.index + before.length;
    const link = element("a", "", address || number);
    link.href = address || `tel:${number.replace(/\D/g, "")}`;
    if (number && /(^|\n)$/.test(text.slice(0, start))) link.className = "call"; // a line of its own: a target
    if (address) Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
    pieces.push(text.slice(done, start), link);
    done = match.index + whole.length;
  }
  return [...pieces, text.slice(done)];
}

const drawn = new Map(); // entry key -> node
let canDraw = historyLoaded; // own messages without their answers would be a poor first picture
let drawsPast = true; // what is drawn now is no news

function startDrawing() {
  canDraw = true;
  render();
}

/**
 * Brings the page in line with what is known. Nodes stay what they are as long as their entry is
 * there, so that a screen reader hears only what is really new.
 */
function render() {
  if (!canDraw) return;
  const wanted = entries();
  const keys = new Set(wanted.map((entry) => entry.key));
  for (const [key, node] of drawn) {
    if (keys.has(key)) continue;
    node.remove();
    drawn.delete(key);
  }

  const arrived = [];
  let place = turns.firstChild;
  for (const entry of wanted) {
    const known = drawn.get(entry.key);
    const node = entry.draw(entry, known);
    if (!known) {
      drawn.set(entry.key, node);
      arrived.push(node);
    }
    if (node === place) place = place.nextSibling;
    else turns.insertBefore(node, place);
  }
  showArrived(arrived);
  if (historyLoaded && drawsPast) beginPresent();
}

/** From now on what comes is news: it is animated, and read aloud as soon as the past has passed. */
function beginPresent() {
  drawsPast = false;
  setTimeout(() => log.setAttribute("aria-live", "polite"), SECOND);
}

// ---- Scrolling -----------------------------------------------------------------------------

const NEAR = 48; // pixels that count as "at the end"
const SHORT = 96; // pixels of a question that stays in sight
let following = true; // the person is at the end and wants to stay there
let scrolledTo = 0;
let firstUnread = null;

const endOfLog = () => log.scrollHeight - log.clientHeight;

function scrollLog(top, smoothly) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  log.scrollTo({ top, behavior: smoothly && !calm ? "smooth" : "auto" });
}

/** To the end, or to the beginning of `node` if the end lies more than a screen further down. */
function showFrom(node, smoothly) {
  const end = endOfLog();
  const question = node && node.previousElementSibling;
  // a short question stays in sight above its answer
  const keeps = question && question.matches(".own") && question.offsetHeight <= SHORT;
  const top = node ? Math.min(end, (keeps ? question : node).offsetTop - 12) : end;
  following = top > end - NEAR;
  firstUnread = null;
  scrollLog(top, smoothly);
  showJump();
}

function showArrived(arrived) {
  if (!arrived.length) return;
  if (drawsPast) {
    showFrom(null, false);
    return;
  }
  arrived.forEach((node) => node.classList.add("arriving"));
  const answer = arrived.find((node) => node.matches(".bot:not(.typing)"));
  if (following || arrived.some((node) => node.matches(".own"))) {
    showFrom(answer, true);
  } else if (answer) {
    firstUnread = firstUnread || answer;
    showJump();
  }
}

function showJump() {
  const isFar = endOfLog() - log.scrollTop > NEAR;
  jump.hidden = following || !(firstUnread || isFar);
  jump.classList.toggle("fresh", Boolean(firstUnread));
  const label = byId("jump-label");
  label.className = firstUnread ? "" : "unseen";
  label.textContent = firstUnread ? words.new : words.down;
}

function onScroll() {
  if (endOfLog() - log.scrollTop < NEAR) {
    following = true;
    firstUnread = null;
  } else if (log.scrollTop < scrolledTo) {
    following = false;
  }
  scrolledTo = log.scrollTop;
  showJump();
}

function onJump() {
  showFrom(firstUnread, true);
  log.focus({ preventScroll: true }); // the button is about to go
}

/** A keyboard or a notice takes room away: who read the end still reads the end. */
function onResize() {
  if (following && drawn.size) scrollLog(endOfLog(), false);
}

/** Safari lays its keyboard over the page and tells only the visual viewport. */
function fitVisible() {
  const { height, scale } = window.visualViewport;
  const covered = window.innerHeight - height > 80 && scale === 1;
  const { style } = document.documentElement;
  if (covered) style.setProperty("--visible-height", `${height}px`);
  else style.removeProperty("--visible-height");
  if (covered) window.scrollTo(0, 0);
}

// ---- The notice about the line -------------------------------------------------------------

function showNotice() {
  const notice = byId("notice");
  const isOffline = !navigator.onLine || failures > 1;
  const isAtRisk = Boolean(storage.memory) && own.some(isWaiting);
  let text = "";
  if (isOffline) text = isAtRisk ? words.storage : words.offline;
  if (notice.textContent === text) return;
  notice.hidden = !text;
  notice.textContent = text;
}

// ---- Writing -------------------------------------------------------------------------------

function makeKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function say(text, { choice, files = [] } = {}) {
  const message = { key: makeKey(), text, at: Date.now(), after: lastId, state: "waiting" };
  if (choice) message.choice = choice;
  if (files.length) {
    message.files = files.map(({ token, type }) => ({ token, type }));
    message.pictures = files.filter(({ type }) => type.startsWith("image/")).length;
    message.others = files.length - message.pictures;
    thumbs.set(message.key, files.map(({ thumb }) => thumb).filter(Boolean));
  }
  changeOwn((list) => [...list, message]);
  startDrawing();
  sendWaiting();
}

function setInput(text) {
  input.value = text;
  onInput();
}

function onInput() {
  const text = input.value;
  allowSending();
  if (text) storage.write(DRAFT, text);
  else storage.remove(DRAFT);
  // Height follows the text; the stylesheet stops it at five lines.
  input.style.height = "auto";
  const border = input.offsetHeight - input.clientHeight;
  input.style.height = `${input.scrollHeight + border}px`;
}

function allowSending() {
  sendButton.disabled = !input.value.trim() && !(tray && tray.items.length);
}

function onSubmit(event) {
  event.preventDefault();
  const text = input.value.trim();
  if (sendButton.disabled) return;
  if (tray && !tray.isReady) {
    tray.say(tray.words.wait);
    return;
  }
  setInput("");
  say(text, { files: tray ? tray.take() : [] });
}

// ---- Pictures and files --------------------------------------------------------------------

let tray = null; // until its script is there; without it the page works as it does
const thumbs = new Map(); // key of an own message -> addresses of small pictures, in this tab only

/** Two answers to a browser that nobody knows yet would name it twice: its first upload goes alone. */
const inTurn = async (upload) => {
  const told = await (hasConversation ? upload() : exclusively(upload));
  if (told.status === 200) begin();
  return told;
};

async function openTray() {
  const list = byId("tray");
  try {
    const { Tray, open } = await import(list.dataset.script);
    tray = new Tray({ list, inTurn, changed: () => tray && allowSending() });
    open(tray, { attach: byId("attach"), input: byId("files"), text: input, room: document.querySelector(".room") });
    allowSending();
  } catch {
    // An old browser, or a line that broke: writing goes on.
  }
}

function onKey(event) {
  // A Vietnamese keyboard may still be composing a letter; its Enter ends only that.
  if (event.key !== "Enter" || event.isComposing || event.keyCode === 229) return;
  if (event.ctrlKey || event.metaKey || (!onTouch && !event.shiftKey)) onSubmit(event);
}

function onChoice(event) {
  const button = event.target.closest(".choice");
  if (!button) return;
  say(button.textContent, { choice: button.dataset.token });
  // The pressed button is gone. Focus goes on, but a phone must not open its keyboard.
  (onTouch ? log : input).focus({ preventScroll: true });
}

// ---- Menu and forgetting -------------------------------------------------------------------

const menu = byId("menu");
const dialog = byId("forget-dialog");

function closeMenuOutside({ target }) {
  if (!menu.contains(target)) menu.open = false;
}

function closeMenuOnEscape({ key }) {
  if (key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
}

function askToForget() {
  menu.open = false;
  byId("forget-failed").hidden = true;
  if (dialog.showModal) dialog.showModal();
  else if (confirm(byId("forget-ask").textContent)) forget();
}

/** First the server, then this browser: what could not be forgotten there must not look forgotten. */
async function forget() {
  const yes = byId("forget-yes");
  const failed = byId("forget-failed");
  yes.disabled = true;
  failed.hidden = true;
  leaving = true;
  try {
    await exclusively(async () => {
      if (!(await call("/chat/forget", {})).ok) throw new Error("not forgotten");
      rest();
      storage.remove(DRAFT);
      storage.remove(OWN);
    });
    input.value = "";
    if (tray) tray.take();
    location.reload();
  } catch {
    leaving = false;
    failed.hidden = false;
    yes.disabled = false;
    wake();
  }
}

// ---- Another tab of this browser -----------------------------------------------------------

function onOtherTab({ key, newValue }) {
  if (key !== OWN && key !== null) return;
  if (newValue === null) {
    location.reload(); // forgotten there
    return;
  }
  own = readOwn();
  if (own.some((message) => message.state === "kept")) hasConversation = true;
  render();
  refresh();
  listen();
}

// ---- Start ---------------------------------------------------------------------------------

function restoreDraft() {
  // On a slow line somebody may have begun to write before this script came.
  setInput(input.value || storage.read(DRAFT) || "");
}

function linkGreeting() {
  for (const text of document.querySelectorAll("[data-greeting]")) {
    text.replaceChildren(...linked(text.textContent));
  }
}

function bindEvents() {
  byId("composer").addEventListener("submit", onSubmit);
  input.addEventListener("input", onInput);
  input.addEventListener("keydown", onKey);
  // Keeps the focus in the text, so that a phone's keyboard stays open between messages.
  sendButton.addEventListener("mousedown", (event) => event.preventDefault());
  log.addEventListener("click", onChoice);
  log.addEventListener("scroll", onScroll, { passive: true });
  jump.addEventListener("click", onJump);

  document.addEventListener("click", closeMenuOutside);
  document.addEventListener("keydown", closeMenuOnEscape);
  byId("forget").addEventListener("click", askToForget);
  byId("forget-yes").addEventListener("click", forget);
  byId("forget-no").addEventListener("click", () => dialog.close());

  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : wake()));
  for (const name of ["focus", "online", "pageshow"]) window.addEventListener(name, wake);
  for (const name of ["online", "offline"]) window.addEventListener(name, showNotice);
  window.addEventListener("pagehide", rest);
  window.addEventListener("storage", onOtherTab);

  if (window.ResizeObserver) new ResizeObserver(onResize).observe(log);
  if (window.visualViewport) window.visualViewport.addEventListener("resize", fitVisible);
}

async function start() {
  log.setAttribute("aria-live", "off"); // the past is not read aloud
  bindEvents();
  linkGreeting();
  restoreDraft();
  openTray();
  showNotice();
  firstChoices.hidden = hasConversation;
  sendWaiting();
  listen();
  const grace = new Promise((done) => setTimeout(done, HISTORY_GRACE));
  await (hasConversation && Promise.race([refresh(), grace]));
  startDrawing();
}

start();
