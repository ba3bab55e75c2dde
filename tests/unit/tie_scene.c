// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server of several groups, and two routers that join them.
 */
#include <stdlib.h>

#include "tie_scene.h"

#define PIM 203

static struct scene *scene;
unsigned int requests[256];
struct world_datagram last[256];

bool on_wire(struct world *world, struct world_datagram *datagram)
{
	uint8_t exchange = datagram->octets[18];

	(void)world;
	if (!(datagram->octets[19] & GIKEV2_FLAG_R)) {
		requests[exchange]++;
		last[exchange] = *datagram;
	}
	return true;
}

static void on_keys(void *arg, void *cookie, const struct keytable_row *rows,
		    size_t count)
{
	struct seat *seat = cookie;

	(void)arg;
	memcpy(seat->rows, rows, count * sizeof(*rows));
	seat->row_count = count;
}

static void on_member_event(void *arg, const struct gikev2_event *event)
{
	struct seat *seat = event->cookie;

	(void)arg;
	seat->events[event->type]++;
	seat->event_err[event->type] = event->err;
}

static void on_server_event(void *arg, const struct gikev2_event *event)
{
	(void)arg;
	for (size_t i = 0; event->cookie && i < GROUPS; i++)
		if (event->cookie == &scene->group[i] &&
		    event->type == GIKEV2_EVENT_MEMBER_GONE) {
			scene->left[i] += event->err == -GIKEV2_ERR_LEFT;
			scene->gone_err[i] = event->err;
		}
}

struct gikev2_id group_id(size_t group)
{
	return (struct gikev2_id){ .type = GIKEV2_ID_KEY_ID,
				   .len = 2,
				   .data = { 'g', '0' + group } };
}

static struct gikev2_group_config group_config(const struct scene *s,
					       size_t group, bool multicast)
{
	struct gikev2_group_config config = {
		.id = group_id(group),
		.protocols = { { 201, KEYTABLE_HMAC_SHA_256, 3600 } },
		.protocol_count = 1,
		.atd = 5,
		.dtd = 15,
		.plain = s->strangers,
	};

	/* ESP with NULL and HMAC-SHA2-256-128, which anybody knows */
	if (s->strangers)
		config.protocols[0] = (struct gikev2_group_protocol){
			.protocol = PIM,
			.lifetime = 3600,
			.suite = { 11, 0, 12 },
		};

	if (multicast)
		config.rekey = (struct gikev2_rekey_config){
			.destination = { .family = 4,
					 .port = GIKEV2_PORT,
					 .ip = { 239, 192, 1, 1 + group } },
			.lifetime = 86400,
			.copies = 2,
			.ike_sas_max = 100,
		};
	return config;
}

void serve(struct scene *s, size_t group, bool multicast)
{
	struct gikev2_group_config config = group_config(s, group, multicast);

	s->group[group] = gikev2_group_add(s->ks->engine, &s->group[group],
					   &config, s->world->now);
	assert_non_null(s->group[group]);
}

void resume(struct scene *s, size_t group, bool multicast)
{
	struct gikev2_group_config config = group_config(s, group, multicast);

	assert_int_equal(gikev2_group_restore(s->ks->engine, &s->group[group],
					      &config, s->world->now,
					      &s->group[group]),
			 0);
}

static struct scene *set_up(uint64_t seed, bool multicast, bool strangers)
{
	struct scene *s = calloc(1, sizeof(*s));

	scene = s;
	s->strangers = strangers;
	memset(requests, 0, sizeof(requests));
	s->world = world_new(seed);
	s->world->wire = on_wire;
	s->ks = world_add(s->world, "ks");
	s->r1 = world_add(s->world, "r1");
	s->r2 = world_add(s->world, "r2");
	world_acquaint(s->ks, s->r1, "secret", "secret");
	world_acquaint(s->ks, s->r2, "secret", "secret");
	s->ks->callbacks.event = on_server_event;
	s->r1->callbacks.event = s->r2->callbacks.event = on_member_event;
	s->r1->callbacks.keys = s->r2->callbacks.keys = on_keys;
	if (strangers) {
		s->r1->engine->vendor_id[0] ^= 1;
		s->r2->engine->vendor_id[0] ^= 1;
	}
	for (size_t i = 0; i < GROUPS; i++)
		serve(s, i, multicast);
	world_run(s->world, 100 * SECOND);
	return s;
}

struct scene *setup(uint64_t seed, bool multicast)
{
	return set_up(seed, multicast, false);
}

struct scene *setup_strangers(uint64_t seed, bool multicast)
{
	return set_up(seed, multicast, true);
}

void teardown(struct scene *s)
{
	world_free(s->world);
	free(s);
}

struct gikev2_member_config config_of(const struct scene *s, size_t group)
{
	return (struct gikev2_member_config){
		.group = group_id(group),
		.servers = { s->ks->address },
		.server_count = 1,
		.offers = { { s->strangers ? PIM : 201,
			      s->strangers ? UINT32_MAX >> 20
					   : WORLD_ALL_ALGORITHMS } },
		.offer_count = 1,
		.realm = 1,
	};
}

void join(struct scene *s, size_t router, size_t group)
{
	struct gikev2_member_config config = config_of(s, group);
	struct seat *seat = &s->seat[router][group];

	seat->member = gikev2_member_add(s->world->nodes[1 + router].engine,
					 seat, &config, s->world->now);
	assert_non_null(seat->member);
}

void leave(struct scene *s, size_t router, size_t group)
{
	gikev2_member_del(s->seat[router][group].member, s->world->now);
	s->seat[router][group].member = NULL;
}

enum gikev2_member_state state_of(const struct seat *seat)
{
	struct gikev2_member_status status;

	gikev2_member_get_status(seat->member, &status);
	return status.state;
}

unsigned int members(struct scene *s, size_t group)
{
	struct gikev2_group_status status;

	gikev2_group_get_status(s->group[group], s->world->now, &status);
	return status.members;
}

uint32_t sas(const struct world_node *node)
{
	return node->engine->totals.ike_sas;
}

/* Every seat that is taken has the keys of its group, and of no other. */
void assert_keyed(struct scene *s)
{
	for (size_t g = 0; g < GROUPS; g++) {
		struct gikev2_group_status status;

		gikev2_group_get_status(s->group[g], s->world->now, &status);
		for (size_t r = 0; r < 2; r++) {
			struct seat *seat = &s->seat[r][g];

			if (!seat->member)
				continue;
			assert_int_equal(state_of(seat), GIKEV2_GM_KEY_TABLE);
			assert_int_equal(seat->row_count, status.row_count);
			assert_memory_equal(seat->rows[0].key,
					    status.rows[0].key,
					    status.rows[0].key_len);
		}
	}
}

void roll(struct scene *s)
{
	for (size_t g = 0; g < GROUPS; g++)
		assert_int_equal(gikev2_group_rekey(s->group[g], s->world->now),
				 0);
	world_run(s->world, 20 * SECOND);
}

void reboot_server(struct scene *s)
{
	world_boot(s->ks);
	s->ks->callbacks.event = on_server_event;
}
