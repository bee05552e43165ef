namespace Orleans.Mail.Cli.Demo;

/// <summary>Shows a run of the demo while it happens.</summary>
interface IDemoView
{
    /// <summary>An event has been taken into the board.</summary>
    void Show(DemoRow row, DeliveryEvent item);

    /// <summary>Runs <paramref name="work"/> and shows the board meanwhile.</summary>
    Task RunAsync(DemoBoard board, Func<Task> work);
}
