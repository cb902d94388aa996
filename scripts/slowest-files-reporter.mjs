// A vitest reporter: names the files that took longest, so that a suite which grows slow shows where.
const SHOWN = 8;

export default class SlowestFilesReporter {
  onTestRunEnd(modules) {
    const files = modules
      .map((module) => ({
        name: `${module.project.name}: ${module.relativeModuleId}`,
        ms: module.diagnostic().duration,
      }))
      .sort((a, b) => b.ms - a.ms)
      .slice(0, SHOWN);
    if (files.length === 0) return;
    const width = Math.max(...files.map(({ name }) => name.length));
    console.log(' Slowest files');
    for (const { name, ms } of files) console.log(`   ${name.padEnd(width)}  ${(ms / 1000).toFixed(1).padStart(6)} s`);
    console.log('');
  }
}
