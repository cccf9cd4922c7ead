// Pictures and files on their way: made smaller where that helps, uploaded one after the other on what
// may be a bad line, and shown above the text until the message that they belong to is sent.

const MOST = 10; // with one message, as the server takes
const LARGEST = 15_000_000; // bytes, likewise
const EDGE = 2048; // pixels of a picture's longer side that are enough
const LIGHT = 1_500_000; // bytes: a picture of so many is sent as it is, if it is not too wide
const QUALITY = 0.85;
const THUMB = 160; // pixels of the longer side
const STALLED = 60_000; // ms without progress
const KEPT = "nepsong.files"; // what this tab has uploaded and not sent: names that only the server understands

function element(name, className, ...children) {
  const node = document.createElement(name);
  node.className = className;
  node.append(...children);
  return node;
}

function button(className, label, press) {
  const node = element("button", className, label);
  node.type = "button";
  node.addEventListener("click", press);
  return node;
}

// ---- Making smaller ------------------------------------------------------------------------

function onWhite(width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  return { canvas, context };
}

/** Some browsers put noise over what a page draws, against being recognised: then a photo is left alone. */
const drawsTruly = () => onWhite(4, 4).context.getImageData(0, 0, 4, 4).data.every((value) => value === 255);

function drawn(picture, edge) {
  const { naturalWidth, naturalHeight } = picture;
  const scale = Math.min(1, edge / Math.max(naturalWidth, naturalHeight));
  const { canvas, context } = onWhite(
    Math.max(1, Math.round(naturalWidth * scale)),
    Math.max(1, Math.round(naturalHeight * scale))
  );
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

/** What is to be uploaded, and a small picture of it. What cannot be decoded here goes as it is. */
async function prepared(file) {
  const asItIs = { blob: file, type: file.type };
  if (!file.type.startsWith("image/")) return asItIs;
  const url = URL.createObjectURL(file);
  try {
    const picture = new Image();
    picture.src = url;
    await picture.decode();
    if (!drawsTruly()) return asItIs;
    const small = await drawn(picture, THUMB);
    const thumb = small && URL.createObjectURL(small);
    const isLarge = Math.max(picture.naturalWidth, picture.naturalHeight) > EDGE || file.size > LIGHT;
    const smaller = isLarge && file.type !== "image/gif" ? await drawn(picture, EDGE) : null; // a GIF may move
    if (!smaller || smaller.size >= file.size) return { ...asItIs, thumb };
    return { blob: smaller, type: smaller.type, thumb };
  } catch {
    return asItIs;
  } finally {
    URL.revokeObjectURL(url);
  }
}

// ---- The tray ------------------------------------------------------------------------------

/**
 * What is to be sent with the next message. An item's state: waiting, preparing, uploading, ready, failed.
 * `inTurn` runs an upload when it may begin; `changed` hears when there is more, less or something ready.
 */
export class Tray {
  constructor({ list, inTurn, changed }) {
    this.list = list;
    this.words = list.dataset;
    this.note = document.getElementById("tray-note");
    this.spoken = document.getElementById("spoken");
    this.inTurn = inTurn;
    this.changed = changed;
    this.items = [];
    this.put(this.kept());
  }

  get isReady() {
    return this.items.every(({ state }) => state === "ready");
  }

  /** Files that somebody chose, pasted or dropped. */
  add(files) {
    const fit = [...files].slice(0, Math.max(0, MOST - this.items.length));
    this.say(fit.length < files.length ? this.words.many : "");
    for (const file of fit) this.show({ file, name: file.name, type: file.type, state: "waiting" });
    this.work();
  }

  /** Items that were uploaded before. */
  put(items) {
    for (const item of items) this.show({ ...item, state: "ready" });
    this.settle();
  }

  /** All items, which are no longer here. */
  take() {
    const items = this.items;
    this.items = [];
    this.list.replaceChildren();
    this.say("");
    this.settle();
    return items.map(({ token, type, thumb }) => ({ token, type, thumb }));
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }

  kept() {
    try {
      const list = JSON.parse(sessionStorage.getItem(KEPT));
      return Array.isArray(list) ? list.filter((item) => item && item.token && typeof item.type === "string") : [];
    } catch {
      return [];
    }
  }

  settle() {
    const ready = this.items.filter(({ state }) => state === "ready");
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(ready.map(({ token, type }) => ({ token, type }))));
    } catch {
      // Forbidden or full: then a reload forgets them.
    }
    this.list.hidden = !this.items.length;
    if (this.isReady && this.note.textContent === this.words.wait) this.say("");
    this.changed();
  }

  async work() {
    if (this.working) return;
    this.working = true;
    for (let item; (item = this.items.find(({ state }) => state === "waiting")); ) await this.bring(item);
    this.working = false;
  }

  async bring(item) {
    if (!item.blob) {
      this.mark(item, { state: "preparing" });
      Object.assign(item, await prepared(item.file));
    }
    if (!this.items.includes(item)) return;
    if (item.blob.size > LARGEST) {
      this.mark(item, { state: "failed", error: this.words.large, canRetry: false });
      return;
    }
    this.mark(item, { state: "uploading", progress: 0 });
    const { status, data } = await this.inTurn(() => this.upload(item));
    if (!this.items.includes(item)) return;
    if (status === 200 && data.token) {
      this.mark(item, { state: "ready", token: data.token, blob: null, file: null });
      return;
    }
    const canRetry = !status || status === 200 || status === 408 || status === 429 || status >= 500;
    this.mark(item, { state: "failed", error: (status < 500 && data.error) || this.words.failed, canRetry });
  }

  /** Resolves to what the server said; status 0 is a line that broke, or stood still. */
  upload(item) {
    return new Promise((done) => {
      const request = (item.request = new XMLHttpRequest());
      let stalled;
      const watch = () => {
        clearTimeout(stalled);
        stalled = setTimeout(() => request.abort(), STALLED);
      };
      request.open("POST", `/chat/files?lang=${document.documentElement.lang}`);
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.responseType = "json";
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        watch();
        this.mark(item, { progress: total ? loaded / total : 0 });
      });
      request.addEventListener("loadend", () => {
        clearTimeout(stalled);
        done({ status: request.status, data: request.response || {} });
      });
      watch();
      if (this.items.includes(item)) request.send(item.blob);
      else done({ status: 0, data: {} });
    });
  }

  retry(item) {
    this.mark(item, { state: "waiting" });
    this.say("");
    this.work();
  }

  /** The line is back. */
  retryAll() {
    for (const item of this.items) if (item.state === "failed" && item.canRetry) this.retry(item);
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    if (item.request) item.request.abort();
    if (item.thumb) URL.revokeObjectURL(item.thumb);
    item.node.remove();
    this.say("");
    this.settle();
  }

  // -- Drawing --

  show(item) {
    const kind = item.type.startsWith("image/") ? this.words.picture : this.words.other;
    const title = (item.title = item.name || kind);
    const remove = button("remove", "×", () => {
      this.remove(item);
      document.getElementById("text").focus({ preventScroll: true });
    });
    remove.setAttribute("aria-label", `${this.words.remove}: ${title}`);
    item.thumbnail = element("span", "thumb", kind);
    item.thumbnail.setAttribute("aria-hidden", "true");
    item.bar = Object.assign(element("progress", ""), { max: 1 });
    item.bar.setAttribute("aria-label", `${this.words.uploading} ${title}`);
    item.told = element("span", "told");
    item.again = button("retry", this.words.retry, () => this.retry(item));
    const about = element("div", "about", element("span", "name", title), item.bar, item.told, item.again);
    item.node = element("li", "file", item.thumbnail, about, remove);
    this.items.push(item);
    this.list.append(item.node);
    this.mark(item, {});
    item.node.scrollIntoView({ block: "nearest" });
  }

  mark(item, marks) {
    const settles = "state" in marks;
    Object.assign(item, marks);
    const { state, node, thumb, thumbnail } = item;
    if (thumb && !thumbnail.querySelector("img")) {
      thumbnail.replaceChildren(Object.assign(element("img", ""), { src: thumb, alt: "" }));
    }
    node.dataset.state = state;
    item.bar.hidden = state !== "uploading";
    item.bar.value = item.progress || 0;
    const told = state === "failed" ? item.error : this.words[state] || this.words.preparing;
    if (item.told.textContent !== told) item.told.textContent = told;
    item.again.hidden = state !== "failed" || !item.canRetry;
    if (!settles) return;
    if (state === "failed") node.scrollIntoView({ block: "nearest" });
    if (state === "failed" || state === "ready") this.spoken.textContent = `${item.title}: ${told}`;
    this.settle();
  }
}

// ---- The ways in ---------------------------------------------------------------------------

const carriesFiles = (transfer) => transfer && [...transfer.types].includes("Files");

/** The button, pasting and dropping. */
export function open(tray, { attach, input, text, room }) {
  attach.hidden = false;
  attach.addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    tray.add(input.files);
    input.value = ""; // the same file may be chosen again
  });
  text.addEventListener("paste", (event) => {
    const { files } = event.clipboardData || {};
    if (!files || !files.length || event.clipboardData.getData("text/plain")) return;
    event.preventDefault();
    tray.add(files);
  });
  room.addEventListener("dragover", (event) => {
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    room.classList.add("dropping");
  });
  for (const name of ["dragleave", "drop"]) {
    room.addEventListener(name, () => room.classList.remove("dropping"));
  }
  room.addEventListener("drop", (event) => {
    if (!carriesFiles(event.dataTransfer)) return;
    event.preventDefault();
    tray.add(event.dataTransfer.files);
  });
  window.addEventListener("online", () => tray.retryAll());
}
