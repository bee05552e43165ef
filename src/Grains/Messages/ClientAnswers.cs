using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

/// <summary>
/// The store's exceptions end here: clients do not know the store, and are told by an exception of the contracts. Between silos they go as they are.
/// </summary>
sealed class ClientAnswers : IIncomingGrainCallFilter
{
    public async Task Invoke(IIncomingGrainCallContext context)
    {
        try
        {
            await context.Invoke();
        }
        catch (SpoolUnavailableException exception) when (IsByContract(context))
        {
            throw new ServiceUnavailableException { OutcomeKnown = exception.OutcomeKnown };
        }
        catch (SpoolFencedException) when (IsByContract(context))
        {
            throw new ServiceUnavailableException();
        }
    }

    // A silo's delivery engine is a client too, but of inner interfaces: it has to tell the store's faults apart.
    static bool IsByContract(IIncomingGrainCallContext context) =>
        context.SourceId is { } source && source.IsClient() && context.InterfaceMethod.DeclaringType?.Assembly == typeof(IMessageGrain).Assembly;
}
