// A small bot on grammY: `node client.mjs <api root> <token> poll|hook`. In the second mode it prints the
// port on which it takes updates, with the secret "grammy-secret", and answers with a call in the body.
import { createServer } from "node:http";
import { Bot, GrammyError, InlineKeyboard, InputFile, webhookCallback } from "grammy";

const [root, token, mode] = process.argv.slice(2);
const bot = new Bot(token, { client: { apiRoot: root, canUseWebhookReply: (method) => method === "sendMessage" } });
const keys = new InlineKeyboard().text("Tiếp", "next").row().text("Thôi", "stop");

bot.command("start", (ctx) => ctx.reply(`bắt đầu ${ctx.match}`.trim(), { reply_markup: keys }));
bot.command("refused", async (ctx) => { // what the library makes of an error of Telegram
  const error = await ctx.api.sendPhoto(ctx.chat.id, "nothing").catch((e) => e);
  const told = error instanceof GrammyError ? [error.method, error.error_code, error.description, error.parameters] : `${error}`;
  await ctx.reply(JSON.stringify(told));
});
bot.callbackQuery("next", async (ctx) => {
  await ctx.answerCallbackQuery({ text: "xong" });
  await ctx.editMessageText("đã bấm");
});
bot.on("message:photo", async (ctx) => {
  const file = await ctx.getFile();
  const content = Buffer.from(await (await fetch(`${root}/file/bot${token}/${file.file_path}`)).arrayBuffer());
  await ctx.replyWithDocument(new InputFile(content, "trả lại.jpg"), { caption: `${content.length}` });
});
bot.on("edited_message:text", (ctx) => ctx.reply(`sửa thành ${ctx.editedMessage.text}`));
bot.on("my_chat_member", (ctx) => console.log(ctx.myChatMember.new_chat_member.status));
bot.on("message:text", (ctx) => ctx.reply(ctx.message.text));
bot.catch((error) => { console.error(error); process.exit(1); });

if (mode === "poll") {
  process.on("SIGTERM", () => bot.stop());
  await bot.start({ onStart: () => console.log("ready") });
} else {
  await bot.init();
  const server = createServer(webhookCallback(bot, "http", { secretToken: "grammy-secret" }));
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
  process.on("SIGTERM", () => { server.close(); server.closeAllConnections(); });
}
