// The link that has nbgitpuller copy a repository to a student's folder and open a chapter.
const form = document.querySelector("form.hub-link"), place = form.querySelector("output");
const first = place.textContent;

function hubLink({ hub, repo, branch, chapter }) {
  const link = new URL(hub), folder = new URL(repo).pathname.replace(/\/+$|\.git\/*$/g, "").split("/").pop();
  // people copy the address from a hub's own page: …/hub/home
  link.pathname = link.pathname.replace(/\/hub(\/.*)?$|\/$/, "") + "/hub/user-redirect/git-pull";
  link.hash = "";
  link.search = new URLSearchParams({ repo, branch, urlpath: `lab/tree/${folder}/chapters/${chapter}` });
  return link.href;
}

function show() {
  if (!form.checkValidity()) return void (place.textContent = first);
  const a = document.createElement("a");
  a.href = a.textContent = hubLink(Object.fromEntries(new FormData(form)));
  place.replaceChildren(a);
}

form.addEventListener("input", show);
form.addEventListener("submit", (event) => event.preventDefault());
