using System.Reflection;

namespace Orleans.Mail.Client.Tests.Support;

/// <summary>An implementation of an interface out of one function, for interfaces whose hand-made implementations Orleans would take for grains.</summary>
public class Stub : DispatchProxy
{
    Func<MethodInfo, object?[], object?> _answer = null!;

    public static T Of<T>(Func<MethodInfo, object?[], object?> answer)
        where T : class
    {
        var proxy = Create<T, Stub>();
        ((Stub)(object)proxy)._answer = answer;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) => _answer(targetMethod!, args ?? []);
}
