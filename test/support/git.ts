import { execFileSync } from 'node:child_process';

/** Runs git in one folder; throws when it fails. */
export type Git = (...args: readonly string[]) => void;

/** Nobody in particular, who signs nothing. */
const IDENTITY = ['-c', 'user.name=x', '-c', 'user.email=x@example.invalid', '-c', 'commit.gpgsign=false'];

/** Makes a folder a repository with all that it holds on the branch main, and checks out a new branch next. */
export function startRepository(program: string, folder: string): Git {
  const git: Git = (...args) => {
    execFileSync(program, ['-C', folder, ...IDENTITY, ...args], { stdio: 'ignore' });
  };
  git('init', '--quiet', '--initial-branch=main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'one');
  git('checkout', '--quiet', '-b', 'next');
  return git;
}
