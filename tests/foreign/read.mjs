// Reads mails from standard input, one a line in base64, and answers each with a line of JSON: what two parsers see.

import { createInterface } from "node:readline";
import { simpleParser } from "mailparser";
import PostalMime from "postal-mime";

/** The headers as they stand in the message, without folds. */
const unfolded = (lines) => lines.map(({ key, line }) => [key, line.slice(key.length + 1).replace(/\r?\n(?=\s)/g, "").trim()]);

async function byMailparser(mail) {
  const seen = await simpleParser(mail, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  return {
    subject: seen.subject,
    from: seen.from.value,
    to: seen.to.value,
    messageId: seen.messageId,
    headers: unfolded(seen.headerLines),
    text: seen.text,
    html: seen.html,
    attachments: seen.attachments.length,
  };
}

async function byPostalMime(mail) {
  const seen = await PostalMime.parse(mail);
  return {
    subject: seen.subject,
    from: [seen.from],
    to: seen.to,
    messageId: seen.messageId,
    headers: seen.headers.map(({ key, value }) => [key, value]),
    text: seen.text,
    html: seen.html,
    attachments: seen.attachments.length,
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const mail = Buffer.from(line, "base64");
  console.log(JSON.stringify({ mailparser: await byMailparser(mail), "postal-mime": await byPostalMime(mail) }));
}
