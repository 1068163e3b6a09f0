// The page does everything without this; here a long list can be searched, and a tick says which of the two is meant.
"use strict";
const subjects = document.getElementById("subjects");
const find = document.getElementById("find");
const [every, some] = document.querySelectorAll("input[name=which]");

find.hidden = false;
find.querySelector("input").addEventListener("input", (event) => {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const group of subjects.querySelectorAll(".group")) {
    let here = 0;
    for (const label of group.querySelectorAll("label")) {
      label.hidden = !words.every((word) => label.dataset.words.includes(word));
      here += label.hidden ? 0 : 1;
    }
    group.hidden = !here;
    shown += here;
  }
  document.getElementById("none").hidden = shown > 0;
});
find.querySelector("input").addEventListener("keydown", (event) => {
  if (event.key === "Enter") event.preventDefault();
});
subjects.addEventListener("change", (event) => {
  if (event.target.type === "checkbox" && event.target.checked) some.checked = true;
});
every.addEventListener("change", () => subjects.classList.toggle("quiet", every.checked));
some.addEventListener("change", () => subjects.classList.toggle("quiet", every.checked));
