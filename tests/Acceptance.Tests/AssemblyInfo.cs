using Xunit.Sdk;
using Xunit.v3;

// Every test here starts processes that use all of the machine.
[assembly: Parallelization(Mode = ParallelMode.None)]
