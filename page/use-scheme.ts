import {useEffect, useState} from 'preact/hooks';

/** Whether the page is dark or light, for what is not drawn by the style sheet. */
export function useScheme(): 'dark' | 'light' {
  const [isDark, setDark] = useState(() => query().matches);
  useEffect(() => {
    const dark = query();
    const changed = (): void => setDark(dark.matches);
    dark.addEventListener('change', changed);
    return () => dark.removeEventListener('change', changed);
  }, []);
  return isDark ? 'dark' : 'light';
}

function query(): MediaQueryList {
  return window.matchMedia('(prefers-color-scheme: dark)');
}
