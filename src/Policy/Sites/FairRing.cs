namespace Orleans.Mail.Policy.Sites;

/// <summary>
/// Deficit round robin (Shreedhar and Varghese, 1995) for items of equal cost: the member in front takes as many turns as its weight,
/// then goes to the end. A member that leaves and returns starts anew at the end, so leaving earns nothing.
/// </summary>
sealed class FairRing<TMember>
{
    readonly LinkedList<TMember> members = new();
    int taken;

    public TMember Front => members.First!.Value;

    public bool IsEmpty => members.Count == 0;

    public IEnumerable<TMember> Members => members;

    public LinkedListNode<TMember> Join(TMember member) => members.AddLast(member);

    public void Leave(LinkedListNode<TMember> place)
    {
        if (ReferenceEquals(place, members.First)) taken = 0;
        members.Remove(place);
    }

    /// <summary>The member in front had one turn.</summary>
    public void TurnTaken(int weight)
    {
        if (++taken < weight) return;
        taken = 0;
        var place = members.First!;
        members.RemoveFirst();
        members.AddLast(place);
    }
}
