namespace Orleans.Mail.Operations;

/// <summary>A client that brings its operations along: the real one, and the fake.</summary>
interface IOperationsSource
{
    IMailOperations Operations { get; }
}
