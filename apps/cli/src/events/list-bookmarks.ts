import { type Bookmark, EventBookmarks } from '#platform/messaging';
import { print, type Printed } from '../command.js';
import { withLog } from './log.js';

const PAGE = 200;

/** `events bookmarks [--json]`: lists the positions of the feed's consumers. */
export async function listBookmarks({ json }: Printed, env: NodeJS.ProcessEnv): Promise<number> {
  await withLog(env, false, async (app) => {
    const bookmarks = app.get(EventBookmarks);
    const all: Bookmark[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page = await bookmarks.list(after, PAGE, false);
      all.push(...page.items);
      after = page.next?.[0];
    }
    if (json) print(JSON.stringify(all));
    else if (all.length === 0) print('There are no bookmarks.');
    else for (const bookmark of all) print(lineOf(bookmark));
  });
  return 0;
}

function lineOf({ name, position, behind, updated_at: updatedAt }: Bookmark): string {
  return `${name.padEnd(30)}  at ${position.padStart(10)}  ${String(behind).padStart(8)} behind  moved ${updatedAt}`;
}
