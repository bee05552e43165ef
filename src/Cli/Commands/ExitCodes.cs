namespace Orleans.Mail.Cli.Commands;

/// <summary>What scripts may rely on.</summary>
static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The service answered, and the answer was no; or a message that was waited for was not delivered.</summary>
    public const int Failed = 1;

    /// <summary>The command line, or the draft it describes, is wrong.</summary>
    public const int Usage = 2;

    public const int NotFound = 3;

    /// <summary>No service answered.</summary>
    public const int Unreachable = 5;

    /// <summary>Ctrl-C came before what was waited for; as shells count a SIGINT.</summary>
    public const int Interrupted = 130;

    public static int Of(MailErrorCode code) => code switch
    {
        MailErrorCode.InvalidDraft or MailErrorCode.TooLarge or MailErrorCode.InvalidPosition => Usage,
        MailErrorCode.NotFound => NotFound,
        MailErrorCode.Unreachable => Unreachable,
        _ => Failed,
    };
}
