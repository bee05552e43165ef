using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Grains.Suppression;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Transport;
using Orleans.Serialization;

namespace Orleans.Mail.Grains.Messages;

/// <summary>What every message grain of a silo shares.</summary>
sealed record MessageGrainServices(
    SpoolShards Shards,
    ClusterView Cluster,
    Serializer<MessageState> States,
    ContentCache Contents,
    TicketDispatcher Tickets,
    FarReminders FarReminders,
    DeliveryRouter Router,
    StandingOrders Orders,
    SuppressionList Suppressions,
    DeliveryOptions Delivery,
    BackoffCurves Backoff,
    IContentFinisher Finisher,
    NoticeMaker Notices,
    SenderTable Senders,
    SiteFinder Sites,
    BudgetTable Budgets,
    MessageLimits SiteLimits,
    SubmissionLimits Limits,
    TimeProvider Clock,
    Func<double> Chance);
