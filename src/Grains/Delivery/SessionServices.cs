using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Grains.Routing;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>What every session of a silo shares.</summary>
sealed record SessionServices(
    IGrainFactory Grains,
    SpoolShards Shards,
    ClusterView Cluster,
    SiteConnector Connector,
    DeliveryRouter Router,
    SiteFinder Sites,
    TicketDispatcher Tickets,
    SiteShaping Shaping,
    TransportOptions Transport,
    TimeProvider Clock,
    ILogger<SiteSession> Log);
