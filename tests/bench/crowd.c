// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A crowd of group members.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "crowd.h"
#include "gikev2/gikev2_int.h"

/* Octets of the address that say which member it is. */
#define INDEX_AT 12

#define EXCHANGE_AT 18
#define KE_HEADER_LEN 8
/* Places of the table that are looked at for an SPI. */
#define PROBES 16

struct crowd_member {
	struct crowd *crowd;
	struct gikev2_member *member; /* NULL: not started */
	uint64_t asked;		      /* when; 0: registered since then */
	bool registered;
};

struct spi {
	uint64_t spi;
	uint32_t member;
};

struct crowd {
	struct crowd_config config;
	struct gikev2 *engine;
	struct crowd_member *members;
	struct spi *spis;
	size_t spi_count; /* a power of two */
	struct crowd_totals totals;
	uint32_t *latencies;
	size_t latency_count, latency_room;
	/* the next message is kept instead of sent */
	bool catching;
	uint8_t caught[2048];
	size_t caught_len;
};

/* --------------------------------------------------------------- who is who */

static uint64_t spi_of(const uint8_t *octets)
{
	uint64_t spi = 0;

	memcpy(&spi, octets, GIKEV2_SPI_LEN);
	return spi;
}

/* The initiator's SPIs are random: they are their own hash. */
static void learn(struct crowd *crowd, uint64_t spi, uint32_t member)
{
	size_t at = spi & (crowd->spi_count - 1);

	for (int i = 0; i < PROBES - 1 && crowd->spis[at].spi &&
			crowd->spis[at].spi != spi;
	     i++)
		at = (at + 1) & (crowd->spi_count - 1);
	crowd->spis[at] = (struct spi){ spi, member };
}

/* Of an SA that the server began we do not know: it matters to nobody. */
static uint32_t find(const struct crowd *crowd, uint64_t spi)
{
	size_t at = spi & (crowd->spi_count - 1);

	for (int i = 0; i < PROBES; i++) {
		if (crowd->spis[at].spi == spi)
			return crowd->spis[at].member;
		at = (at + 1) & (crowd->spi_count - 1);
	}
	return 0;
}

static struct gikev2_endpoint local_of(const struct crowd *crowd,
				       uint32_t member)
{
	struct gikev2_endpoint local = { .family = crowd->config.server.family,
					 .port = GIKEV2_PORT };

	memcpy(local.ip + INDEX_AT, &member, sizeof(member));
	return local;
}

static struct gikev2_id identity_of(const struct crowd *crowd, uint32_t member)
{
	struct gikev2_id id = { .type = GIKEV2_ID_FQDN };
	char text[GIKEV2_ID_MAX];

	/* crowd_new() saw to it that there is one %u and nothing else */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), crowd->config.identity, member + 1);
#pragma GCC diagnostic pop
	id.len = strlen(text);
	memcpy(id.data, text, id.len);
	return id;
}

/* --------------------------------------------------------------- callbacks */

static int on_output(void *arg, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct crowd *crowd = arg;
	uint32_t member;

	if (crowd->catching) {
		crowd->caught_len = len <= sizeof(crowd->caught) ? len : 0;
		memcpy(crowd->caught, octets, crowd->caught_len);
		return 0;
	}
	memcpy(&member, path->local.ip + INDEX_AT, sizeof(member));
	if (octets[EXCHANGE_AT] == GIKEV2_IKE_SA_INIT)
		learn(crowd, spi_of(octets), member);
	if (crowd->config.send(crowd->config.arg, member, octets, len) < 0)
		crowd->totals.lost++;
	return 0;
}

static int on_random(void *arg, uint8_t *octets, size_t len)
{
	(void)arg;
	return RAND_priv_bytes(octets, len) == 1 ? 0 : -1;
}

static int on_psk(void *arg, enum gikev2_role role, void *cookie,
		  const struct gikev2_id *peer, struct gikev2_secret *secret)
{
	const struct crowd *crowd = arg;

	(void)role;
	(void)cookie;
	(void)peer;
	*secret = crowd->config.secret;
	return 0;
}

static int on_authorize(void *arg, void *cookie, const struct gikev2_id *peer)
{
	(void)arg;
	(void)cookie;
	(void)peer;
	return -GIKEV2_ERR_NOT_AUTHORIZED;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	(void)arg;
	(void)cookie;
	(void)rows;
	(void)count;
}

/* What comes by multicast is not for us to bring. */
static void on_multicast(void *arg, void *cookie,
			 const struct gikev2_endpoint *group,
			 const struct gikev2_endpoint *source, bool join)
{
	(void)arg;
	(void)cookie;
	(void)group;
	(void)source;
	(void)join;
}

static void add_latency(struct crowd *crowd, uint64_t time)
{
	if (crowd->latency_count == crowd->latency_room) {
		size_t room = crowd->latency_room ? 2 * crowd->latency_room
						  : 1024;
		uint32_t *more = realloc(crowd->latencies,
					 room * sizeof(*crowd->latencies));

		if (!more)
			return;
		crowd->latencies = more;
		crowd->latency_room = room;
	}
	crowd->latencies[crowd->latency_count++] =
		time > UINT32_MAX ? UINT32_MAX : time;
}

static void set_registered(struct crowd_member *member, bool registered)
{
	struct crowd_totals *totals = &member->crowd->totals;

	if (member->registered != registered)
		totals->registered += registered ? 1 : -1;
	member->registered = registered;
}

static void succeeded(struct crowd_member *member, uint64_t now)
{
	member->crowd->totals.registrations++;
	set_registered(member, true);
	if (member->asked)
		add_latency(member->crowd, now - member->asked);
	member->asked = 0;
}

static void on_event(void *arg, const struct gikev2_event *event)
{
	struct crowd *crowd = arg;
	struct crowd_member *member = event->cookie;
	int reason = abs(event->err);

	if (!member)
		return;
	switch ((int)event->type) {
	case GIKEV2_EVENT_REGISTERED:
		succeeded(member, event->now);
		break;
	case GIKEV2_EVENT_REGISTRATION_FAILED:
		crowd->totals.failures++;
		if (reason < GIKEV2_ERR_MAX)
			crowd->totals.reasons[reason]++;
		break;
	case GIKEV2_EVENT_SERVER_LOST:
		set_registered(member, false);
		member->asked = event->now;
		break;
	case GIKEV2_EVENT_REKEYED:
		crowd->totals.rekeys++;
		break;
	default:
		break;
	}
	if (crowd->config.event)
		crowd->config.event(crowd->config.arg, member - crowd->members,
				    event);
}

static const struct gikev2_callbacks callbacks = {
	.output = on_output,
	.random = on_random,
	.psk = on_psk,
	.authorize = on_authorize,
	.keys = on_keys,
	.multicast = on_multicast,
	.event = on_event,
};

/* --------------------------------------------------------------------- life */

static bool is_pattern(const char *text)
{
	const char *percent = strchr(text, '%');

	return percent && percent[1] == 'u' && !strchr(percent + 1, '%') &&
	       strlen(text) < GIKEV2_ID_MAX - 10;
}

struct crowd *crowd_new(const struct crowd_config *config)
{
	struct crowd *crowd;

	if (!is_pattern(config->identity))
		return NULL;
	crowd = calloc(1, sizeof(*crowd));
	if (!crowd)
		return NULL;
	crowd->config = *config;
	crowd->config.params.plain_ike = config->ike_only;
	for (crowd->spi_count = 1024; crowd->spi_count < 8 * config->count;)
		crowd->spi_count *= 2;
	crowd->spis = calloc(crowd->spi_count, sizeof(*crowd->spis));
	/* one more, for messages that are caught */
	crowd->members = calloc(config->count + 1, sizeof(*crowd->members));
	crowd->engine = gikev2_new(&callbacks, crowd, &crowd->config.params);
	if (!crowd->spis || !crowd->members || !crowd->engine) {
		crowd_free(crowd);
		return NULL;
	}
	for (uint32_t i = 0; i <= config->count; i++)
		crowd->members[i].crowd = crowd;
	return crowd;
}

void crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return;
	gikev2_free(crowd->engine);
	free(crowd->spis);
	free(crowd->members);
	free(crowd->latencies);
	free(crowd);
}

int crowd_start(struct crowd *crowd, uint32_t index, uint64_t now)
{
	struct crowd_member *member = &crowd->members[index];
	struct gikev2_member_config config = {
		.group = { .type = GIKEV2_ID_KEY_ID,
			   .len = strlen(crowd->config.group) },
		.local = local_of(crowd, index),
		.servers = { crowd->config.server },
		.server_count = 1,
		.ike_auth = crowd->config.ike_only,
	};
	size_t count;
	const struct keytable_protocol *protocols = keytable_protocols(&count);

	memcpy(config.group.data, crowd->config.group, config.group.len);
	/* whatever the group has */
	for (size_t i = 0; i < count && i < GIKEV2_PROTOCOLS_MAX; i++)
		config.offers[config.offer_count++] =
			(struct gikev2_offer){ protocols[i].wire,
					       protocols[i].algorithms };
	member->asked = now;
	member->member = gikev2_member_add(crowd->engine, member, &config, now);
	if (!member->member)
		return -1;
	if (!crowd->catching)
		crowd->totals.started++;
	return 0;
}

void crowd_stop(struct crowd *crowd, uint32_t index, uint64_t now)
{
	struct crowd_member *member = &crowd->members[index];

	if (!member->member)
		return;
	gikev2_member_del(member->member, now);
	member->member = NULL;
	set_registered(member, false);
	if (!crowd->catching)
		crowd->totals.started--;
}

/*
 * To the engine all its members are one router.  What a server says about the SAs
 * that it knows of that one (INITIAL_CONTACT) is not about the others.
 */
static void keep_apart(struct crowd *crowd, struct crowd_member *member,
		       const uint8_t *octets, uint64_t now)
{
	struct gikev2_ike *ike = gikev2_ike_by_spi(crowd->engine, octets, true);

	if (!ike || ike->state != GIKEV2_IKE_ESTABLISHED)
		return;
	gikev2_peers_remove(ike);
	/* no event says so */
	if (crowd->config.ike_only && member->asked)
		succeeded(member, now);
}

static bool proves(uint8_t exchange)
{
	return exchange == GIKEV2_GSA_AUTH || exchange == GIKEV2_IKE_AUTH;
}

void crowd_input(struct crowd *crowd, const uint8_t *octets, size_t len,
		 uint64_t now)
{
	struct gikev2_path path = { .remote = crowd->config.server };
	struct gikev2_id id;
	uint32_t member = 0;

	if (len >= GIKEV2_HEADER_LEN) {
		member = find(crowd, spi_of(octets));
		if (octets[EXCHANGE_AT] == GIKEV2_IKE_SA_INIT) {
			id = identity_of(crowd, member);
			gikev2_set_identity(crowd->engine, &id);
		}
	}
	path.local = local_of(crowd, member);
	gikev2_input(crowd->engine, &path, octets, len, now);
	if (len >= GIKEV2_HEADER_LEN && proves(octets[EXCHANGE_AT]))
		keep_apart(crowd, &crowd->members[member], octets, now);
}

void crowd_expire(struct crowd *crowd, uint64_t now)
{
	gikev2_expire(crowd->engine, now);
}

uint64_t crowd_next(const struct crowd *crowd)
{
	return gikev2_next_deadline(crowd->engine);
}

const struct crowd_totals *crowd_totals(const struct crowd *crowd)
{
	return &crowd->totals;
}

struct gikev2 *crowd_engine(struct crowd *crowd)
{
	return crowd->engine;
}

const uint32_t *crowd_latencies(const struct crowd *crowd, size_t *count)
{
	*count = crowd->latency_count;
	return crowd->latencies;
}

/* -------------------------------------------------------------------- bogus */

/* A true first message, made by a member that is taken back at once. */
static void catch_one(struct crowd *crowd, uint64_t now)
{
	crowd->catching = true;
	if (crowd_start(crowd, crowd->config.count, now) == 0)
		crowd_stop(crowd, crowd->config.count, now);
	crowd->catching = false;
}

size_t crowd_bogus(struct crowd *crowd, uint8_t *octets, size_t size,
		   uint64_t now)
{
	size_t at = GIKEV2_HEADER_LEN, skip, len;
	uint8_t next;

	if (!crowd->caught_len)
		catch_one(crowd, now);
	len = crowd->caught_len;
	if (!len || len > size)
		return 0;
	memcpy(octets, crowd->caught, len);
	RAND_bytes(octets, GIKEV2_SPI_LEN);
	for (next = octets[16];
	     next && at + GIKEV2_PAYLOAD_HEADER_LEN <= len;) {
		size_t payload = octets[at + 2] << 8 | octets[at + 3];

		skip = next == GIKEV2_PLD_KE ? KE_HEADER_LEN
					     : GIKEV2_PAYLOAD_HEADER_LEN;
		if ((next == GIKEV2_PLD_KE || next == GIKEV2_PLD_NONCE) &&
		    payload > skip && at + payload <= len)
			RAND_bytes(octets + at + skip, payload - skip);
		next = octets[at];
		if (payload < GIKEV2_PAYLOAD_HEADER_LEN)
			break;
		at += payload;
	}
	return len;
}
