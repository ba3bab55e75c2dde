// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server that has lost its state for a while knows which datagrams are not
 * about what is left, and goes on when it has it again.
 */
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *r1;
	struct world_datagram caught;
};

/* A member's request over an IKE SA that the key server began; it is lost. */
static bool catch_request(struct world *world, struct world_datagram *datagram)
{
	struct scene *s = world->user;

	if (datagram->to != s->ks ||
	    datagram->octets[19] & (GIKEV2_FLAG_R | GIKEV2_FLAG_I))
		return true;
	s->caught = *datagram;
	return false;
}

static void begin(struct scene *s)
{
	*s = (struct scene){ .world = world_new(1) };
	s->world->user = s;
	s->ks = world_add(s->world, "ks");
	s->r1 = world_add(s->world, "r1");
	s->ks->remembers = true;
	world_boot(s->ks);
	world_acquaint(s->ks, s->r1, "secret", "secret");
	world_serve(s->ks, KEYTABLE_HMAC_SHA_256, 3600, 1, 3);
	world_join(s->r1, s->ks, WORLD_ALL_ALGORITHMS);
	world_run(s->world, 5 * SECOND);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
}

static void rekey_ike(struct world_node *node)
{
	gikev2_want(node->engine->ikes, GIKEV2_WANT_REKEY_IKE,
		    node->world->now);
}

static bool knows(struct world_node *node,
		  const struct world_datagram *datagram)
{
	struct gikev2_path path = { .local = node->address,
				    .remote = datagram->path.local };

	return gikev2_knows(node->engine, &path, datagram->octets,
			    datagram->len);
}

static void restore(struct scene *s)
{
	assert_int_equal(gikev2_group_restore(s->ks->engine, s->ks,
					      &s->ks->group_config,
					      s->world->now, &s->ks->group),
			 0);
}

static void request_over_own_sa(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	rekey_ike(s.ks);
	world_run(s.world, 5 * SECOND);
	assert_true(s.ks->engine->ikes->initiator);
	s.world->wire = catch_request;
	rekey_ike(s.r1);
	world_run(s.world, SECOND / 10);
	assert_true(s.caught.len > GIKEV2_HEADER_LEN);
	assert_true(knows(s.ks, &s.caught));
	gikev2_server_drop(s.ks->engine);
	assert_false(knows(s.ks, &s.caught));
	restore(&s);
	assert_true(knows(s.ks, &s.caught));
	s.world->wire = NULL;
	world_run(s.world, 60 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 0);
	world_free(s.world);
}

/* What says that it is no message of that SA's. */
static void other_octets(void **state)
{
	static const size_t at[] = { 0, 7, 8, 15, 17, 19, 27 };
	struct world_datagram changed;
	struct scene s;

	(void)state;
	begin(&s);
	rekey_ike(s.ks);
	world_run(s.world, 5 * SECOND);
	s.world->wire = catch_request;
	rekey_ike(s.r1);
	world_run(s.world, SECOND / 10);
	assert_true(knows(s.ks, &s.caught));
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		changed = s.caught;
		changed.octets[at[i]] ^= 0x18;
		assert_false(knows(s.ks, &changed));
	}
	/* what a Rekey SA is known by is not an IKE SA's SPI */
	changed = s.caught;
	changed.octets[0] ^= 0x18;
	changed.octets[18] = GIKEV2_GSA_REKEY;
	assert_true(knows(s.ks, &changed));
	changed = s.caught;
	changed.len = GIKEV2_HEADER_LEN - 1;
	assert_false(knows(s.ks, &changed));
	/* at the NAT-T port it would have a marker in front */
	changed = s.caught;
	changed.path.natt = true;
	assert_false(gikev2_knows(s.ks->engine, &changed.path, changed.octets,
				  changed.len));
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_over_own_sa),
		cmocka_unit_test(other_octets),
	};

	return cmocka_run_group_tests_name("dropped", tests, NULL, NULL);
}
