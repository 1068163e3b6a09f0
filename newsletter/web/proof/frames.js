// Fits each desktop's frame to the mail in it, so that nothing scrolls and everything prints. The frames run no script themselves.
const fit = (frame) => {
  const mail = frame.contentDocument?.documentElement;
  if (!mail || !frame.offsetParent) return;
  frame.style.height = "0";
  frame.style.height = `${mail.scrollHeight}px`;
};
const frames = [...document.querySelectorAll(".desktop iframe")];
const all = () => frames.forEach(fit);
for (const frame of frames) frame.addEventListener("load", () => fit(frame));
for (const one of document.querySelectorAll("details")) one.addEventListener("toggle", all);
addEventListener("resize", all);
// On paper nothing can be opened: whoever is named in a closed list is printed too. Closed editions stay closed.
addEventListener("beforeprint", () => {
  for (const list of document.querySelectorAll("details.group")) list.open = true;
  all();
});
all();
