import {failed, failedBy, ok, warning} from '../../../common/check-result.ts';
import type {CheckResult} from '../../../common/check-result.ts';
import {nameOf} from '../../table-filter.ts';
import {
  publicationAddition,
  publicationChanges,
  publicationCreation,
  publicationWarnings,
  publishedTables,
  publishEverything,
  quoteTable,
} from '../catalog/publication.ts';
import type {PublicationPlan, PublicationState} from '../catalog/publication.ts';
import type {FoundTable} from '../catalog/table-catalog.ts';
import type {ServerState} from './server-state.ts';

export interface PublicationFacts {
  readonly plan: PublicationPlan;
  readonly state: PublicationState | undefined;
  readonly found: readonly FoundTable[];
  readonly captured: readonly FoundTable[];
  /** Tables that are not captured, but lose updates and deletes to a publication of all tables. */
  readonly endangered: readonly FoundTable[];
  readonly user: string;
  readonly server: Pick<ServerState, 'isSuperuser' | 'mayCreate' | 'ownsPublication' | 'owned'>;
}

/** Whether the publication is what its mode says, or the user may make it so. */
export function publicationChecks(facts: PublicationFacts): readonly CheckResult[] {
  const name = `publication ${facts.plan.name}`;
  return [...endangeredChecks(name, facts), ...ownChecks(name, facts)];
}

function endangeredChecks(
  name: string,
  {endangered, state}: PublicationFacts,
): readonly CheckResult[] {
  if (endangered.length === 0) return [];
  const detail = `a publication of all tables: Postgres refuses updates and deletes on ${endangered.map(nameOf).join(', ')}, which are not captured and have no replica identity`;
  const remedy = {
    remedy: 'give them a key, set publication.autocreate.mode: filtered, or run as their owner',
    commands: endangered.map((table) => `ALTER TABLE ${quoteTable(table)} REPLICA IDENTITY FULL;`),
  };
  // The service does not make one that breaks other applications.
  return [state === undefined ? failed(name, detail, remedy) : warning(name, detail, remedy)];
}

function ownChecks(name: string, facts: PublicationFacts): readonly CheckResult[] {
  const {plan, state} = facts;
  // Of no tables there is nothing to publish, which is told elsewhere.
  if (plan.tables.length === 0) return [];
  if (state === undefined && plan.mode === 'disabled')
    return [
      failed(name, 'it is missing, and publication.autocreate.mode is disabled', {
        remedy: 'run as the owner of the tables',
        commands: [`${publicationCreation(plan)};`],
      }),
    ];
  if (state === undefined && plan.mode === 'no_tables')
    return [
      warning(name, 'the service makes it without tables, and captures none until it has some', {
        remedy: 'once it is made, run as the owner of the tables',
        commands: [`${publicationAddition(plan.name, plan.tables)};`],
      }),
    ];
  let changes: readonly string[];
  try {
    changes = publicationChanges(plan, state);
  } catch (error) {
    return [failedBy(name, error)];
  }
  if (changes.length > 0) return [changesCheck(name, changes, facts)];
  return state === undefined ? [] : foundChecks(name, state, facts);
}

function changesCheck(
  name: string,
  changes: readonly string[],
  {plan, state, server, user}: PublicationFacts,
): CheckResult {
  const {mode, tables} = plan;
  const namesTables = changes.some((statement) => / (?:FOR|SET) TABLE /.test(statement));
  const foreign = namesTables ? tables.filter(({oid}) => !server.owned.includes(oid)) : [];
  const reasons = [
    state === undefined && !server.mayCreate && 'has no CREATE on the database',
    state === undefined && mode === 'all_tables' && !server.isSuperuser && 'is no superuser',
    state !== undefined && !server.ownsPublication && 'does not own it',
    foreign.length > 0 && `does not own ${foreign.map(nameOf).join(', ')}`,
  ].filter(Boolean);
  if (reasons.length === 0)
    return ok(name, state === undefined ? 'the service makes it' : 'the service adjusts it');
  const what = state === undefined ? 'it is missing' : 'it has to be changed';
  return failed(name, `${what}, and user ${user} ${reasons.join(' and ')}`, {
    remedy: `run as ${mode === 'all_tables' ? 'a superuser' : 'the owner of the tables, or a superuser'}`,
    commands: changes.map((statement) => `${statement};`),
  });
}

/** One that stays as it is. */
function foundChecks(
  name: string,
  state: PublicationState,
  {plan, found, captured}: PublicationFacts,
): readonly CheckResult[] {
  const published = new Set(publishedTables(found, state));
  const absent = captured.filter((table) => !published.has(table));
  const results: CheckResult[] = [];
  if (absent.length > 0)
    results.push(
      failed(name, `it does not have ${absent.map(nameOf).join(', ')}, so nothing of them comes`, {
        remedy: 'run as its owner',
        commands: [`${publicationAddition(plan.name, absent)};`],
      }),
    );
  if (state.missingOperations.length > 0)
    results.push(
      warning(name, `it leaves out ${state.missingOperations.join(', ')}`, {
        remedy: 'to capture them all, run as its owner',
        commands: [`${publishEverything(plan.name)};`],
      }),
    );
  for (const detail of publicationWarnings(plan, {...state, missingOperations: []}))
    results.push({name, outcome: 'warning', detail});
  if (results.length > 0) return results;
  return [
    ok(name, `it has ${captured.length === 1 ? 'the table' : `all ${captured.length} tables`}`),
  ];
}
