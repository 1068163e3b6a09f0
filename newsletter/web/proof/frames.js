// Fits each frame to the mail in it, so that nothing scrolls and everything prints. The frames run no script themselves.
const fit = (frame) => {
  const mail = frame.contentDocument?.documentElement;
  if (!mail || !frame.offsetParent) return;
  frame.style.height = "0";
  frame.style.height = `${mail.scrollHeight}px`;
};
const frames = [...document.querySelectorAll("iframe")];
const all = () => frames.forEach(fit);
for (const frame of frames) frame.addEventListener("load", () => fit(frame));
for (const edition of document.querySelectorAll("details")) edition.addEventListener("toggle", all);
addEventListener("resize", all);
addEventListener("beforeprint", () => {
  for (const edition of document.querySelectorAll("details.edition")) edition.open = true;
  all();
});
all();
