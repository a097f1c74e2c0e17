// The real did:plc directory, in memory, on a free port of the loopback interface. The first line it writes is the port.
import plc from "@did-plc/server";

const { app, ctx } = plc.PlcServer.create({ db: plc.Database.mock(), version: "test" });
// Its own start() listens on every interface.
const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));

const end = async () => {
  await ctx.db.close();
  process.exit(0);
};
process.on("SIGTERM", end);
// Whoever started it holds the other end: when they are gone, so is it.
process.stdin.on("end", end).resume();
