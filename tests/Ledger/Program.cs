using Orleans.Mail.Ledger;

return args switch
{
    ["sink", .. var rest] => await SinkVerb.RunAsync(new Arguments(rest)),
    ["check", .. var rest] => CheckVerb.Run(new Arguments(rest), Console.Out),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        ledger sink --port P --file F [--seed N] [--script SHARES] [--concurrent N]
          Receives mail on 127.0.0.1 and notes every copy in F, on stable storage, before it answers the end of data.
          SHARES, each from 0 to 1: rcpt4xx=0.05,rcpt5xx=0.01,dot4xx=0.02,drop-before-dot=0.01,drop-after-dot=0.01,slow=0.01,slow-ms=500
        ledger check --submitted F --received F --events F [--queued F]
          Exit code 1 when anything is lost, altered, unexpected, contradicted, or twice without an Uncertain event.
        """);
    return 2;
}
