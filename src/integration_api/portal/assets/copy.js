// A button beside every block of code that copies it. Without a script there is no button.
const said = document.body.dataset;
const heard = document.createElement("p");
heard.className = "unseen";
heard.setAttribute("role", "status");
document.body.append(heard);

/** Where the clipboard is closed to a page (plain http), the old way by a selection. */
function bySelection(element) {
  const selection = getSelection();
  selection.selectAllChildren(element);
  const done = document.execCommand("copy");
  selection.removeAllRanges();
  return done;
}

async function copy(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    return bySelection(element);
  }
}

for (const block of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = said.copy;
  button.addEventListener("click", async () => {
    const text = (await copy(block)) ? said.copied : said.kept;
    button.textContent = text;
    heard.textContent = text;
    setTimeout(() => {
      button.textContent = said.copy;
      heard.textContent = "";
    }, 2000);
  });
  const box = document.createElement("div");
  box.className = "copied";
  block.replaceWith(box);
  box.append(block, button);
}
