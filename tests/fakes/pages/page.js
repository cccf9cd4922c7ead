"use strict";
// One citizen on the played Telegram (?user=8 is another, ?start=payload comes by a deep link). What is done
// goes to /_control/inject; what is shown comes back from /_control/events, own messages too.
const asked = new URLSearchParams(location.search);
const user = { id: Number(asked.get("user") ?? 7), first_name: asked.get("name") ?? "An", language_code: "vi" };
const at = (id) => document.getElementById(id);
const log = at("log"), text = at("text"), form = at("form"), sheet = at("sheet"), state = at("state"), toast = at("toast");
const shown = new Map(); // message number -> { message, element }
const waiting = new Map(); // press -> its button, until the bot answers it
const answered = new Set(); // presses that the bot answered: at times before we know their number
let editing = null, blocked = false, commands = [], typingEnds = 0, toastEnds = 0;

function made(tag, className = "", words = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = words;
  return element;
}

function tell(words) {
  toast.textContent = words;
  toast.hidden = false;
  clearTimeout(toastEnds);
  toastEnds = setTimeout(() => { toast.hidden = true; }, 4000);
}

async function does(what) {
  try {
    const answer = await fetch("/_control/inject", { method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user, ...what }) });
    const told = await answer.json();
    if (answer.ok) return told;
    tell(`Không gửi được: ${told.error}`);
  } catch {
    tell("Telegram đóng vai không trả lời. Xem nó còn chạy không.");
  }
  return null;
}

// what a message shows

function linked(words) {
  const element = made("div", "words");
  for (const [number, piece] of words.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])/).entries()) {
    if (number % 2) element.append(link(made("a", "", piece), piece));
    else element.append(piece);
  }
  return element;
}

function link(anchor, address) {
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  return anchor;
}

function card(sign, words, address) {
  const element = address ? link(made("a", "card"), address) : made("div", "card");
  const icon = made("i", "", sign);
  icon.ariaHidden = "true";
  element.append(icon, made("span", "", words));
  return element;
}

function* contents(message) {
  if (message.photo) {
    const image = made("img");
    image.src = `/_control/file/${message.photo.at(-1).file_id}`;
    image.alt = message.caption ? "" : "Ảnh";
    image.onload = () => { if (message === [...shown.values()].at(-1)?.message) toEnd(); };
    image.onerror = () => image.replaceWith(card("▧", "Ảnh không xem được"));
    yield image;
  }
  if (message.document) {
    const { file_name: name, file_id: id, file_size: size } = message.document;
    yield card("▤", `${name ?? "Tệp"} (${(size / 1024).toLocaleString("vi", { maximumFractionDigits: 1 })} KB)`, `/_control/file/${id}`);
  }
  for (const [kind, sign, words] of [["voice", "♪", "Tin thoại"], ["audio", "♪", "Âm thanh"], ["video", "▶", "Video"],
    ["sticker", "☺", "Nhãn dán"], ["contact", "☎", `Danh thiếp ${message.contact?.phone_number ?? ""}`]])
    if (message[kind]) yield card(sign, words);
  const place = message.location;
  if (place) {
    const where = [place.latitude, place.longitude].map((n) => n.toLocaleString("vi", { maximumFractionDigits: 5 })).join("; ");
    yield card("◎", message.venue ? `${message.venue.title}, ${message.venue.address}` : `Vị trí ${where}`);
  }
  const words = message.text ?? message.caption;
  if (words) yield linked(words);
}

function keys(message) {
  const rows = made("div", "keys");
  for (const line of message.reply_markup?.inline_keyboard ?? []) {
    const row = made("div", "row");
    for (const key of line) {
      const button = key.url ? link(made("a", "", key.text), key.url) : made("button", "", key.text);
      if (key.style) button.classList.add(key.style);
      if (key.callback_data) button.onclick = () => press(button, message.message_id, key.callback_data);
      row.append(button);
    }
    rows.append(row);
  }
  return rows;
}

async function press(button, message, data) {
  button.ariaBusy = "true";
  const told = await does({ press: { message_id: message, data } });
  const query = told?.query_ids?.[0];
  const done = !query || answered.has(query);
  if (!done) waiting.set(query, button);
  setTimeout(() => { button.ariaBusy = null; waiting.delete(query); }, done ? 0 : 15000);
}

function drawn(message) {
  const mine = !message.from.is_bot, element = made("div", mine ? "said mine" : "said");
  const bubble = made("div", "bubble"), when = made("div", "when");
  bubble.append(...contents(message), when);
  if (mine && (message.text || message.caption)) {
    const button = made("button", "edit", "Sửa");
    button.onclick = () => edit(message);
    when.append(button);
  }
  if (message.edit_date) when.append(made("span", "", "đã sửa"));
  when.append(made("time", "", new Date(message.date * 1000).toLocaleTimeString("vi", { hour: "2-digit", minute: "2-digit" })));
  element.append(bubble);
  if (message.reply_markup?.inline_keyboard) {
    element.classList.add("keyed");
    element.append(keys(message));
  }
  return element;
}

function toEnd() { log.scrollTop = log.scrollHeight; }

function put(message) {
  const near = log.scrollHeight - log.scrollTop - log.clientHeight < 120;
  const element = drawn(message), old = shown.get(message.message_id);
  shown.set(message.message_id, { message, element });
  if (old) old.element.replaceWith(element);
  else log.append(element);
  settle();
  if (near || !old && !message.from.is_bot) toEnd();
}

function settle() {
  const own = [...shown.values()].filter((s) => !s.message.from.is_bot);
  for (const { element } of own) { // as on a phone, the last one is what one would correct
    const button = element.querySelector(".edit");
    if (button) button.hidden = element !== own.at(-1).element;
  }
  at("start").hidden = !blocked && shown.size > 0;
  at("start").textContent = blocked ? "Bỏ chặn" : "Bắt đầu";
  form.hidden = blocked || shown.size === 0;
  log.querySelector(".hint")?.remove();
  if (!shown.size) log.append(made("p", "hint", blocked ? "Bạn đã chặn bot này." : "Chưa có tin nào. Bấm “Bắt đầu” để nói chuyện với bot."));
  at("block").textContent = blocked ? "Bỏ chặn" : "Chặn bot";
  if (!typingEnds) state.textContent = blocked ? "đã chặn" : "bot";
}

// what happens

function rest() {
  clearTimeout(typingEnds);
  typingEnds = 0;
  state.className = "";
  state.textContent = blocked ? "đã chặn" : "bot";
}

const happens = {
  all(event) {
    shown.clear();
    log.replaceChildren();
    ({ blocked, commands } = event);
    stopEditing();
    for (const message of event.messages) put(message);
    rest();
    settle();
    toEnd();
  },
  message({ message }) { if (message.from.is_bot) rest(); put(message); },
  edit({ message }) { put(message); },
  delete({ message_id }) { shown.get(message_id)?.element.remove(); shown.delete(message_id); settle(); },
  typing() {
    rest();
    state.textContent = "đang gõ…";
    state.className = "typing";
    typingEnds = setTimeout(rest, 5000);
  },
  answer({ query, text: words, alert: loud }) {
    const button = waiting.get(query);
    answered.add(query);
    if (button) button.ariaBusy = null;
    waiting.delete(query);
    if (words && loud) alert(words);
    else if (words) tell(words);
  },
  blocked(event) { blocked = event.blocked; rest(); settle(); },
  commands(event) { commands = event.commands; },
};

let atEnd = true; // stays so when the bar below grows
log.onscroll = () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40; };
new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(log);

const events = new EventSource(`/_control/events?chat_id=${user.id}`);
events.onmessage = ({ data }) => { const event = JSON.parse(data); happens[event.kind]?.(event); };
events.onerror = () => { state.textContent = "đang nối lại…"; };

// what one does

function edit(message) {
  editing = message;
  text.value = message.text ?? message.caption;
  at("editing").hidden = false;
  at("editing").firstElementChild.textContent = `Đang sửa: ${text.value}`;
  grow();
  text.focus();
}

function stopEditing() {
  editing = null;
  at("editing").hidden = true;
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function open(button, entries) {
  const again = button.ariaExpanded === "true";
  close();
  if (again) return;
  button.ariaExpanded = "true";
  sheet.hidden = false;
  for (const [name, about, act] of entries) {
    const entry = made("button");
    entry.type = "button";
    entry.append(made("b", "", name), made("span", "", about));
    entry.onclick = () => { close(); act(); };
    sheet.append(entry);
  }
  sheet.firstElementChild?.focus();
}

function close() {
  sheet.hidden = true;
  sheet.replaceChildren();
  for (const id of ["menu", "attach"]) at(id).ariaExpanded = "false";
}

const read = (file) => new Promise((resolve, reject) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ content_base64: reader.result.split(",")[1] ?? "", file_name: file.name, mime_type: file.type });
  reader.onerror = reject;
  reader.readAsDataURL(file);
});

at("menu").onclick = (event) => open(event.currentTarget, [{ command: "start", description: "bắt đầu lại" }, ...commands]
  .map(({ command, description }) => [`/${command}`, description, () => does({ text: `/${command}` })]));
at("attach").onclick = (event) => open(event.currentTarget, [
  ["Ảnh", "một hay nhiều ảnh", () => at("photo").click()],
  ["Tệp", "PDF hay tệp khác", () => at("file").click()],
  ["Vị trí", "một chỗ cho sẵn", () => does({ location: { latitude: 15.1205, longitude: 108.7923 } })],
  ["Tin thoại", "ba giây", () => does({ voice: { content_base64: btoa("OggS"), mime_type: "audio/ogg" } })],
]);
at("photo").onchange = async (event) => {
  const files = await Promise.all([...event.target.files].map(read));
  event.target.value = "";
  if (!files.length) return;
  const caption = text.value.trim(); // what stands in the box goes along
  if (caption) { files[0].caption = caption; text.value = ""; grow(); }
  await does(files.length > 1 ? { album: files } : { photo: files[0] });
};
at("file").onchange = async (event) => {
  const [file] = event.target.files;
  if (file) await does({ document: await read(file) });
  event.target.value = "";
};
at("block").onclick = () => does({ blocked: !blocked });
at("start").onclick = () => does(blocked ? { blocked: false } : { start: asked.get("start") ?? "" });
at("cancel").onclick = () => { stopEditing(); text.value = ""; grow(); };
text.oninput = grow;
text.onkeydown = (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
};
document.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
form.onsubmit = async (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  close();
  text.value = "";
  grow();
  if (editing) {
    const number = editing.message_id;
    stopEditing();
    await does({ edit: { message_id: number, text: words } });
  } else {
    await does({ text: words });
  }
};
