// node nodemailer.mjs PORT MESSAGES CONNECTIONS raw|built FILE: sends, and prints the seconds it took.
import { readFileSync } from "node:fs";
import nodemailer from "nodemailer";

const [port, messages, connections, kind, file] = process.argv.slice(2);
const { raw, html, text } = JSON.parse(readFileSync(file, "utf8"));
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port: Number(port), secure: false, ignoreTLS: true,
  pool: true, maxConnections: Number(connections), maxMessages: Infinity,
});
const envelope = (number) => ({ from: "news@example.com", to: `reader${number}@example.com` });
const mail = kind === "raw"
  ? (number) => ({ envelope: envelope(number), raw })
  : (number) => ({ ...envelope(number), subject: "Brief", html, text });
const started = process.hrtime.bigint();
const waiting = new Set();
for (let number = 0; number < Number(messages); number += 1) {
  const sent = pool.sendMail(mail(number)).then(() => waiting.delete(sent));
  waiting.add(sent);
  if (waiting.size >= 2 * Number(connections)) await Promise.race(waiting);
}
await Promise.all(waiting);
console.log(Number(process.hrtime.bigint() - started) / 1e9);
pool.close();
