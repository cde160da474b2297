import type {JSX} from 'preact';
import type {Layout, Line} from './layout.ts';

interface LinesProps {
  readonly layout: Layout;
  /** Whether records flow along it now. */
  readonly isFlowing: (line: Line) => boolean;
  readonly isTraced: (line: Line) => boolean;
}

/** The ways between the nodes. */
export function Lines({layout, isFlowing, isTraced}: LinesProps): JSX.Element {
  const {width, height, lines} = layout;
  return (
    <svg
      class="lines"
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      aria-hidden="true"
    >
      {lines.map((line) => {
        const d = path(line.points);
        const traced = isTraced(line) ? ' traced' : '';
        return (
          <g key={line.id} class={line.isState ? 'state' : 'flow'}>
            <path class={`way${traced}`} d={d} />
            {isFlowing(line) && !line.isState && <path class={`moving${traced}`} d={d} />}
          </g>
        );
      })}
    </svg>
  );
}

/** From point to point, level where it leaves and arrives. */
function path(points: Line['points']): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let {x, y} = first;
  let d = `M${x} ${y}`;
  for (const next of rest) {
    const half = (next.x - x) / 2;
    d += `C${x + half} ${y} ${next.x - half} ${next.y} ${next.x} ${next.y}`;
    ({x, y} = next);
  }
  return d;
}
