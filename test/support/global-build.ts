import {execFileSync} from 'node:child_process';

/** The e2e tests run what a user runs: the compiled service. */
export function setup(): void {
  execFileSync('npm', ['run', '--silent', 'build'], {stdio: 'inherit'});
}
