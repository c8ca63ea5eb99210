import { useEffect, useState } from 'preact/hooks';

/** The same width as in console.css. */
const QUERY = '(max-width: 56rem)';

/** Whether the window is too narrow for columns. */
export function useIsNarrow(): boolean {
  const [isNarrow, setIsNarrow] = useState(() => matchMedia(QUERY).matches);
  useEffect(() => {
    const media = matchMedia(QUERY);
    const follow = (): void => setIsNarrow(media.matches);
    media.addEventListener('change', follow);
    return () => media.removeEventListener('change', follow);
  }, []);
  return isNarrow;
}
