// The published page of the Admin UI in a real browser. PAGE_URL has the page, and SERVER_URL is the
// server that it connects to. The hosts of its font and icons are not reached.

import { chromium } from "playwright-core";

const { CHROMIUM, PAGE_URL, SERVER_URL, SCREENSHOTS } = process.env;

export async function open(t) {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const refused = [];
  page.on("console", (message) => {
    // The policy of the page, where it has one, allows all that the page does.
    if (message.text().includes("Content Security Policy")) {
      refused.push(message.text());
    }
  });
  await page.route("**/*", (route) =>
    new URL(route.request().url()).hostname === "127.0.0.1" ? route.continue() : route.abort(),
  );
  await page.goto(PAGE_URL);
  return { page, refused };
}

export async function logIn(page, password) {
  await page.getByLabel("Server URL").fill(SERVER_URL);
  await page.getByLabel("Username").fill("admin");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Connect" }).click();
}

// Opens one of the views in the list at the side. The page shows the last view until it has faded.
export async function view(page, title) {
  await page.locator("nav").getByText(title, { exact: true }).click();
  const isAlone = (title) => {
    const shown = [...document.querySelectorAll(".v-breadcrumbs")];
    return shown.map((path) => path.innerText.trim()).join() === title;
  };
  await page.waitForFunction(isAlone, title);
}

// Writes what the page shows, if SCREENSHOTS is a folder.
export async function screenshot(page, name) {
  if (SCREENSHOTS) {
    await page.screenshot({ path: `${SCREENSHOTS}/${name}.png` });
  }
}
