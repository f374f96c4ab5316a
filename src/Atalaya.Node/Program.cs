// Read once, by the first socket of the process. Camera sockets deliver small packets all the time: handing each completion to
// the thread pool costs more processor time than the packet's own work (about six times for cameras that send packet by packet).
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");

return await Atalaya.Node.Cli.CommandLine.RunAsync(args);
