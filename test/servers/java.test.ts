import {afterEach, describe, expect, test, vi} from 'vitest';
import {runTool} from './java.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('runTool', () => {
  test('says what is missing and what to do', async () => {
    vi.stubEnv('PATH', '');

    await expect(runTool('mvn', ['-v'])).rejects.toThrow(
      /^"mvn" is not on the PATH.*Maven.*JDK 17.*apt-get install maven.*npm run test:unit$/,
    );
    await expect(runTool('java', ['-version'])).rejects.toThrow(
      /^"java" is not on the PATH.*apt-get install openjdk-17-jdk-headless/,
    );
  });
});
