namespace Orleans.Mail.Policy.Sites;

/// <summary>
/// Deficit round robin (Shreedhar and Varghese, 1995) for items of equal cost: the member in front takes as many turns as its weight,
/// then goes to the end. A member that leaves and returns starts anew at the end, so leaving earns nothing.
/// </summary>
sealed class FairRing<TMember>
{
    readonly LinkedList<TMember> _members = new();
    int _taken;

    public TMember Front => _members.First!.Value;

    public bool IsEmpty => _members.Count == 0;

    public IEnumerable<TMember> Members => _members;

    public LinkedListNode<TMember> Join(TMember member) => _members.AddLast(member);

    public void Leave(LinkedListNode<TMember> place)
    {
        if (ReferenceEquals(place, _members.First)) _taken = 0;
        _members.Remove(place);
    }

    /// <summary>The member in front had one turn.</summary>
    public void TurnTaken(int weight)
    {
        if (++_taken < weight) return;
        _taken = 0;
        var place = _members.First!;
        _members.RemoveFirst();
        _members.AddLast(place);
    }
}
