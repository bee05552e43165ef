using Orleans.Mail.Cli.Output;

namespace Orleans.Mail.Cli.Demo;

/// <summary>A line for each event, for a file or a pipe. The crowd only counts.</summary>
sealed class PlainView(TextWriter output) : IDemoView
{
    const int CrowdStep = 25;

    DemoBoard? _board;
    int _crowdShown;

    public void Show(DemoRow row, DeliveryEvent item)
    {
        if (!row.Message.IsCrowd) output.WriteLine($"{row.Message.Name,-13} {EventLine.Of(item)}");
        else if (_board is { } board && board.CrowdFinalCount >= _crowdShown + CrowdStep) WriteCrowd(board, item);
        output.Flush();
    }

    public async Task RunAsync(DemoBoard board, Func<Task> work)
    {
        _board = board;
        _crowdShown = board.CrowdFinalCount / CrowdStep * CrowdStep;
        await work();
    }

    void WriteCrowd(DemoBoard board, DeliveryEvent item)
    {
        _crowdShown = board.CrowdFinalCount / CrowdStep * CrowdStep;
        output.WriteLine($"{"bulk",-13} {item.At.ToLocalTime():HH:mm:ss}  {_crowdShown} of {DemoPlan.CrowdSize} final");
    }
}
