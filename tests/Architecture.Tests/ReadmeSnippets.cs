namespace Orleans.Mail.Architecture.Tests;

/// <summary>
/// Each region is one C# block of README.md, letter for letter but for the indent. What a block takes for granted is a parameter of the method around it.
/// </summary>
static class ReadmeSnippets
{
}
