-- Where cameras stand, WGS 84; cameras of the configuration file and of the store alike.
create table camera_places (
    camera     text              not null primary key,
    latitude   double precision  not null,
    longitude  double precision  not null,
    heading    double precision  null,    -- degrees clockwise from north
    angle      double precision  null,    -- width of the field of view, degrees
    range_m    double precision  null
);

-- Pictures of the site, laid over the map.
create table plans (
    id          text              not null primary key,
    name        text              not null,
    south       double precision  not null,
    west        double precision  not null,
    north       double precision  not null,
    east        double precision  not null,
    image_type  text              null,
    image       blob              null,
    changed_at  bigint            not null
);
