import { findOnPath, findOrInstall } from '#platform/services';
import axe from 'axe-core';
import { type Browser as Chromium, type BrowserContext, chromium, type Page, type Request } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];
const DEBIAN_PACKAGE = 'chromium';
const WIDTH = 1_280;
const HEIGHT = 900;
/** Generous: reached only when something is missing. */
const TIMEOUT_MS = 120_000;

/** A page, and what went wrong on it since it was opened. */
export class Visit {
  /** Errors on the console and those that no script caught. */
  readonly errors: string[] = [];
  /** Requests that were not answered, or with a status from 400 on: `<status or reason> <url>`. */
  readonly failures: string[] = [];
  /** Addresses on other servers that the page requested. */
  readonly foreign: string[] = [];

  constructor(
    readonly page: Page,
    origin: string,
  ) {
    page.on('console', (message) => void (message.type() === 'error' && this.errors.push(message.text())));
    page.on('pageerror', (error) => void this.errors.push(error.message));
    page.on('requestfailed', (request) => void this.failures.push(`${reasonOf(request)} ${request.url()}`));
    page.on('response', (answer) => {
      if (answer.status() >= 400) this.failures.push(`${answer.status()} ${answer.url()}`);
    });
    page.on('request', (request) => {
      const { protocol, origin: asked } = new URL(request.url());
      if (protocol.startsWith('http') && asked !== origin) this.foreign.push(request.url());
    });
  }

  /** Accessibility violations of the current page (WCAG and good practice, by axe): `<rule>: <element>`. */
  async barriers(): Promise<string[]> {
    await this.page.evaluate(axe.source);
    const { violations } = await this.page.evaluate<AxeFindings>('axe.run()');
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }

  /** All that went wrong, for one look: nothing must be in it. */
  get troubles(): { errors: string[]; failures: string[]; foreign: string[] } {
    const { errors, failures, foreign } = this;
    return { errors, failures, foreign };
  }
}

interface AxeFindings {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** The machine's Chromium without a window. */
export class Browser {
  private constructor(private readonly chromium: Chromium) {}

  /**
   * Starts it; on Debian and Ubuntu root gets a missing one installed first.
   * @throws ServiceError `missing` with what to install.
   */
  static async start(): Promise<Browser> {
    const executablePath = await findOrInstall(DEBIAN_PACKAGE, () => PROGRAMS.map(findOnPath).find(Boolean));
    // Chromium refuses to run as root inside its sandbox; what it opens here is our own.
    return new Browser(await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 }));
  }

  /**
   * Opens a page without stored data, as on a first visit, and waits until it is idle.
   * @param token for the cookie `crm_access_token`.
   */
  async visit(url: string, token?: string): Promise<Visit> {
    const { origin } = new URL(url);
    const context = await this.chromium.newContext({ viewport: { width: WIDTH, height: HEIGHT } });
    context.setDefaultTimeout(TIMEOUT_MS);
    if (token !== undefined) await signIn(context, origin, token);
    const visit = new Visit(await context.newPage(), origin);
    await visit.page.goto(url, { waitUntil: 'networkidle' });
    return visit;
  }

  async close(): Promise<void> {
    await this.chromium.close();
  }
}

function signIn(context: BrowserContext, url: string, value: string): Promise<void> {
  return context.addCookies([{ name: 'crm_access_token', value, url, httpOnly: true, sameSite: 'Strict' }]);
}

function reasonOf(request: Request): string {
  return request.failure()?.errorText ?? 'failed';
}
