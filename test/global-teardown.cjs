/** Stops what global-setup.cjs started. */
module.exports = async function globalTeardown() {
  await globalThis.stopServers?.();
};
