"use strict";
// One citizen on the played Telegram: what is done goes to /_control/inject, what the bot sent comes from /_control/sent.
const user = { id: 7, first_name: "An", language_code: "vi" };
const log = document.getElementById("log"), text = document.getElementById("text");
const shown = new Map(); // message number -> its element
let seen = 0, last = null, blocked = false;

async function does(what) {
  const answer = await fetch("/_control/inject", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user, ...what }) });
  return answer.json();
}

function bubble(words, mine) {
  log.querySelector(".hint")?.remove();
  const made = document.createElement("div");
  made.className = mine ? "bubble mine" : "bubble";
  made.textContent = words;
  log.append(made);
  made.scrollIntoView();
  return made;
}

function keyboard(message, markup) {
  const rows = document.createElement("div");
  for (const line of markup?.inline_keyboard ?? []) {
    const row = document.createElement("div");
    row.className = "row";
    for (const key of line) {
      const button = document.createElement("button");
      button.textContent = key.text;
      button.className = key.style ?? "";
      button.onclick = () => does({ press: { message_id: message, data: key.callback_data } });
      row.append(button);
    }
    rows.append(row);
  }
  return rows;
}

function show(call) {
  const method = call.method.toLowerCase(), params = call.params;
  if (method === "editmessagetext") {
    const old = shown.get(Number(params.message_id));
    if (old) { old.said.textContent = params.text; old.keys.replaceChildren(keyboard(Number(params.message_id), params.reply_markup)); }
  } else if (["sendmessage", "sendphoto", "senddocument", "sendlocation"].includes(method)) {
    const number = call.result.message_id, keys = document.createElement("div");
    const said = bubble(params.text ?? params.caption ?? (method === "sendlocation" ? "[vị trí]" : "[tệp]"), false);
    keys.append(keyboard(number, params.reply_markup));
    log.append(keys);
    keys.scrollIntoView({ block: "end" });
    shown.set(number, { said, keys });
  }
}

async function look() {
  try {
    const sent = await (await fetch("/_control/sent")).json();
    for (const call of sent.slice(seen)) if (String(call.chat_id) === String(user.id)) show(call);
    seen = sent.length;
  } catch { /* the stub is being started again */ }
  setTimeout(look, 400);
}

const base64 = (file) => new Promise((resolve) => {
  const reader = new FileReader();
  reader.onload = () => resolve({ content_base64: reader.result.split(",")[1] });
  reader.readAsDataURL(file);
});

const acts = {
  start: async () => { bubble("/start", true); await does({ text: "/start" }); },
  location: async () => { bubble("[vị trí]", true); await does({ location: { latitude: 15.12, longitude: 108.8 } }); },
  edit: async () => {
    if (!last || !text.value.trim()) { bubble("Gõ lời mới vào ô nhắn tin rồi bấm “Sửa tin cuối”.", false); return; }
    last.said.textContent = `${text.value} (đã sửa)`;
    await does({ edit: { message_id: last.number, text: text.value } });
    text.value = "";
  },
  blocked: async (button) => {
    blocked = !blocked;
    button.textContent = blocked ? "Bỏ chặn" : "Chặn bot";
    await does({ blocked });
  },
};
for (const button of document.querySelectorAll("[data-do]")) button.onclick = () => acts[button.dataset.do](button);
document.getElementById("photo").onchange = async (event) => {
  const files = await Promise.all([...event.target.files].map(base64));
  if (!files.length) return;
  bubble(`[${files.length} ảnh]`, true);
  await does(files.length > 1 ? { album: files } : { photo: files[0] });
  event.target.value = "";
};
document.getElementById("form").onsubmit = async (event) => {
  event.preventDefault();
  const words = text.value.trim();
  if (!words) return;
  text.value = "";
  const said = bubble(words, true);
  last = { said, number: (await does({ text: words })).message_ids[0] };
};
look();
