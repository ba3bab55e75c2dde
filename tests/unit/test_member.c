// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Group member: when it asks whom, what a new configuration changes, and what a
 * key server can take from it.
 */
#include <stdlib.h>

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND

struct scene {
	struct world *world;
	struct world_node *ks, *ks2, *r1;
};

static struct scene setup(uint64_t seed)
{
	struct scene s = { .world = world_new(seed) };

	s.ks = world_add(s.world, "ks");
	s.ks2 = world_add(s.world, "ks2");
	s.r1 = world_add(s.world, "r1");
	world_acquaint(s.ks, s.r1, "secret", "secret");
	world_acquaint(s.ks2, s.r1, "secret", "secret");
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_serve(s.ks2, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	world_run(s.world, 100 * SECOND);
	return s;
}

static struct scene registered(uint64_t seed)
{
	struct scene s = setup(seed);

	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 10 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	return s;
}

static struct gikev2_member_status status_of(const struct world_node *node)
{
	struct gikev2_member_status status;

	gikev2_member_get_status(node->member, &status);
	return status;
}

static unsigned int registrations(const struct scene *s)
{
	return s->r1->events[GIKEV2_EVENT_REGISTERED];
}

/* ------------------------------------------------------------------------ status */

static void status_of_a_life(void **state)
{
	struct scene s = setup(1);
	struct gikev2_member_status status;
	uint64_t begin = s.world->now;

	(void)state;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	status = status_of(s.r1);
	assert_int_equal(status.state, GIKEV2_GM_PAIRWISE);
	assert_int_equal(status.state_since, begin);
	assert_int_equal(status.registered_since, 0);
	assert_int_equal(status.row_count, 0);
	assert_null(status.server_identity);
	assert_memory_equal(status.server.ip, s.ks->address.ip, 4);
	world_run(s.world, SECOND);
	status = status_of(s.r1);
	assert_int_equal(status.state, GIKEV2_GM_KEY_TABLE);
	assert_int_equal(status.registered_since, begin + 4 * WORLD_MS);
	assert_int_equal(status.state_since, status.registered_since);
	assert_int_equal(status.registrations, 1);
	assert_int_equal(status.failures, 0);
	assert_int_equal(status.rekeys, 0);
	assert_int_equal(status.last_rekey, 0);
	assert_int_equal(status.last_error, 0);
	assert_int_equal(status.row_count, 1);
	assert_true(gikev2_id_equal(status.server_identity, &s.ks->identity));
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, SECOND);
	status = status_of(s.r1);
	assert_int_equal(status.rekeys, 1);
	assert_int_equal(status.last_rekey, s.world->now - SECOND + WORLD_MS);
	assert_int_equal(status.row_count, 2);
	world_free(s.world);
}

static void state_texts(void **state)
{
	(void)state;
	for (int i = 0; i < GIKEV2_GM_STATE_MAX; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(gikev2_member_state_text(i),
						gikev2_member_state_text(j));
	assert_non_null(gikev2_member_state_text(GIKEV2_GM_STATE_MAX));
}

/* ---------------------------------------------------------------------- back-off */

/* Seconds to the next try, when it has just failed. */
static double wait_after_failure(struct scene *s)
{
	uint32_t failures = status_of(s->r1).failures;

	while (status_of(s->r1).failures == failures)
		assert_true(world_step(s->world, GIKEV2_NEVER));
	assert_int_equal(world_state(s->r1), GIKEV2_GM_WAIT);
	return (double)(status_of(s->r1).next_try - s->world->now) / SECOND;
}

static void assert_about(double found, double wanted)
{
	if (found < wanted * 0.74 || found > wanted * 1.26)
		fail_msg("waits %g s, not about %g", found, wanted);
}

/* Ever longer, up to a limit, and each a little different. */
static void longer_and_longer(void **state)
{
	static const double waits[] = { 2, 4, 8, 16, 20, 20, 20 };
	struct scene s = setup(2);
	double last = 0;

	(void)state;
	s.ks->up = false;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		double wait = wait_after_failure(&s);

		assert_about(wait, waits[i]);
		assert_true(wait != last);
		last = wait;
	}
	assert_int_equal(status_of(s.r1).last_error, -GIKEV2_ERR_TIMEOUT);
	/* a success makes it start over */
	s.ks->up = true;
	world_run(s.world, 200 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(status_of(s.r1).last_error, 0);
	s.ks->up = false;
	gikev2_member_reregister(s.r1->member, s.world->now);
	assert_about(wait_after_failure(&s), 2);
	world_free(s.world);
}

/* What no repetition mends soon is not repeated soon. */
static void refused_for_good(void **state)
{
	struct scene s = setup(3);

	(void)state;
	strcpy(s.r1->psk, "not the secret");
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	assert_about(wait_after_failure(&s), 60);
	assert_int_equal(status_of(s.r1).last_error, -GIKEV2_ERR_AUTH_FAILED);
	world_free(s.world);
}

static void use_both_servers(struct scene *s)
{
	s->r1->member_config.servers[1] = s->ks2->address;
	s->r1->member_config.server_count = 2;
	gikev2_member_update(s->r1->member, &s->r1->member_config,
			     s->world->now);
}

/* One server after the other, and then the first again. */
static void next_server(void **state)
{
	struct scene s = setup(4);

	(void)state;
	s.ks->up = s.ks2->up = false;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	use_both_servers(&s);
	for (int i = 0; i < 3; i++) {
		struct world_node *asked = i % 2 ? s.ks2 : s.ks;

		assert_memory_equal(status_of(s.r1).server.ip,
				    asked->address.ip, 4);
		wait_after_failure(&s);
	}
	s.ks2->up = true;
	world_run(s.world, 200 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks2->identity));
	world_free(s.world);
}

/* It stays with the one that answers. */
static void other_server_when_lost(void **state)
{
	struct scene s = registered(5);

	(void)state;
	use_both_servers(&s);
	world_run(s.world, 10 * SECOND);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks->identity));
	s.ks->up = false;
	world_run(s.world, 150 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 1);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks2->identity));
	assert_non_null(world_sender(s.r1));
	world_free(s.world);
}

/* The second of two was in use; now there is but one. */
static void fewer_servers(void **state)
{
	struct scene s = setup(23);

	(void)state;
	s.ks->up = false;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	use_both_servers(&s);
	world_run(s.world, 100 * SECOND);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks2->identity));
	s.ks->up = true;
	s.r1->member_config.server_count = 1;
	gikev2_member_update(s.r1->member, &s.r1->member_config, s.world->now);
	world_run(s.world, SECOND);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks->identity));
	world_free(s.world);
}

/* ----------------------------------------------------------------------- updates */

static void update(struct scene *s)
{
	gikev2_member_update(s->r1->member, &s->r1->member_config,
			     s->world->now);
}

static void same_again(void **state)
{
	struct scene s = registered(6);
	uint64_t sent = s.r1->engine->totals.datagrams_out;

	(void)state;
	update(&s);
	assert_int_equal(s.r1->engine->totals.datagrams_out, sent);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_KEY_TABLE);
	world_free(s.world);
}

/* Registers anew, and the keys live on meanwhile. */
static void assert_anew(struct scene *s)
{
	struct keytable_row before = s->r1->rows[0];

	update(s);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_PAIRWISE);
	assert_int_equal(s->r1->row_count, 1);
	assert_int_equal(world_sender(s->r1)->id, before.id);
	world_run(s->world, SECOND);
	assert_int_equal(registrations(s), 2);
	assert_int_equal(world_state(s->r1), GIKEV2_GM_KEY_TABLE);
}

static void other_offers(void **state)
{
	struct scene s = registered(7);

	(void)state;
	s.r1->member_config.offers[0].algorithms =
		KEYTABLE_ALGO_BIT(KEYTABLE_HMAC_SHA_256);
	assert_anew(&s);
	world_free(s.world);
}

static void other_servers(void **state)
{
	struct scene s = registered(8);

	(void)state;
	s.r1->member_config.servers[0] = s.ks2->address;
	assert_anew(&s);
	assert_true(gikev2_id_equal(status_of(s.r1).server_identity,
				    &s.ks2->identity));
	world_free(s.world);
}

static void other_port(void **state)
{
	struct scene s = registered(9);

	(void)state;
	/* the world does not look at ports, the member does */
	s.r1->member_config.servers[0].port = 500;
	assert_anew(&s);
	world_free(s.world);
}

static void server_gets_a_name(void **state)
{
	struct scene s = registered(10);

	(void)state;
	s.r1->member_config.server_identity = s.ks->identity;
	assert_anew(&s);
	world_free(s.world);
}

/* Keys of another group are not kept. */
static void other_group(void **state)
{
	struct scene s = registered(11);

	(void)state;
	s.r1->member_config.group.data[0] = 'X';
	update(&s);
	assert_int_equal(s.r1->row_count, 0);
	world_run(s.world, SECOND);
	assert_int_equal(s.r1->event_err[GIKEV2_EVENT_REGISTRATION_FAILED],
			 -GIKEV2_ERR_INVALID_GROUP);
	/* and the server knows that we left */
	assert_int_equal(s.ks->events[GIKEV2_EVENT_MEMBER_GONE], 1);
	world_free(s.world);
}

static void no_server(void **state)
{
	struct scene s = registered(12);

	(void)state;
	s.r1->member_config.server_count = 0;
	update(&s);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_IDLE);
	assert_int_equal(s.r1->row_count, 0);
	world_run(s.world, 1000 * SECOND);
	assert_int_equal(world_state(s.r1), GIKEV2_GM_IDLE);
	assert_int_equal(s.ks->engine->totals.ike_sas, 0);
	world_free(s.world);
}

static void reregister(void **state)
{
	struct scene s = registered(13);

	(void)state;
	for (int i = 0; i < 5; i++)
		gikev2_member_reregister(s.r1->member, s.world->now);
	assert_int_equal(s.r1->row_count, 1);
	/* the last of these attempts, and the SA that it will replace */
	assert_int_equal(s.r1->engine->totals.ike_sas, 2);
	world_run(s.world, SECOND);
	assert_int_equal(registrations(&s), 2);
	assert_int_equal(s.r1->engine->totals.ike_sas, 1);
	world_run(s.world, 40 * SECOND);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	world_free(s.world);
}

/* At every moment of a registration it may be over. */
static void deleted_at_any_time(void **state)
{
	(void)state;
	for (int steps = 0; steps < 12; steps++) {
		struct scene s = setup(14);

		world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
		for (int i = 0; i < steps; i++)
			world_step(s.world, GIKEV2_NEVER);
		gikev2_member_del(s.r1->member, s.world->now);
		s.r1->member = NULL;
		assert_int_equal(s.r1->row_count, 0);
		world_run(s.world, 100 * SECOND);
		assert_int_equal(s.r1->row_count, 0);
		assert_int_equal(s.r1->engine->totals.ike_sas, 0);
		assert_int_equal(s.ks->engine->totals.ike_sas, 0);
		assert_int_equal(gikev2_next_deadline(s.r1->engine),
				 GIKEV2_NEVER);
		world_free(s.world);
	}
}

/* ------------------------------------------------------------------ what D takes */

/* The key server says this, over the member's SA. */
static void tell(struct scene *s, uint8_t protocol, uint8_t spi_size,
		 uint16_t count, const uint8_t *spis)
{
	struct gikev2_payloads *tx = gikev2_tx(s->ks->engine);
	struct gikev2_payload *payload =
		gikev2_payload_add(tx, GIKEV2_PLD_DELETE);

	payload->delete.protocol = protocol;
	payload->delete.spi_size = spi_size;
	payload->delete.count = count;
	payload->delete.spis =
		(struct gikev2_chunk){ spis, (size_t)spi_size * count };
	assert_int_equal(gikev2_request(s->ks->engine->ikes,
					GIKEV2_GSA_INBAND_REKEY, tx,
					s->world->now),
			 0);
	world_run(s->world, 10 * WORLD_MS);
}

/* All keys are gone, and the member is back with keys soon. */
static void assert_taken(struct scene *s)
{
	assert_int_equal(s->r1->row_count, 0);
	assert_null(world_sender(s->r1));
	world_run(s->world, 10 * SECOND);
	assert_int_equal(registrations(s), 2);
	assert_non_null(world_sender(s->r1));
	world_free(s->world);
}

static void one_key_deleted(void **state)
{
	struct scene s = registered(15);
	uint8_t id = s.r1->rows[0].id;

	(void)state;
	tell(&s, 201, 1, 1, &id);
	assert_taken(&s);
}

static void all_keys_deleted(void **state)
{
	struct scene s = registered(16);

	(void)state;
	tell(&s, 201, 1, 1, (const uint8_t[]){ 0 });
	assert_taken(&s);
}

static void everything_deleted(void **state)
{
	struct scene s = registered(17);

	(void)state;
	tell(&s, GIKEV2_PROTO_NONE, 0, 0, NULL);
	assert_taken(&s);
}

static void excluded(void **state)
{
	static const uint8_t zero[16];
	struct scene s = registered(18);

	(void)state;
	tell(&s, GIKEV2_PROTO_GIKE_UPDATE, 16, 1, zero);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_EXCLUDED], 1);
	assert_taken(&s);
}

/* Of another protocol, or of an ID that we do not hold. */
static void other_keys_deleted(void **state)
{
	struct scene s = registered(19);
	uint8_t other = s.r1->rows[0].id % 255 + 1;
	uint8_t id = s.r1->rows[0].id;

	(void)state;
	tell(&s, 201, 1, 1, &other);
	assert_int_equal(s.r1->row_count, 1);
	tell(&s, 205, 1, 1, &id);
	assert_int_equal(s.r1->row_count, 1);
	tell(&s, 201, 8, 1, (const uint8_t[]){ 0, 0, 0, 0, 0, 0, 0, id });
	assert_int_equal(s.r1->row_count, 1);
	assert_int_equal(registrations(&s), 1);
	assert_non_null(world_sender(s.r1));
	world_free(s.world);
}

/* One of the two keys of a roll: the other one goes on. */
static void older_key_deleted(void **state)
{
	struct scene s = registered(20);
	uint8_t old = s.r1->rows[0].id;

	(void)state;
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, 8 * SECOND);
	assert_int_equal(s.r1->row_count, 2);
	tell(&s, 201, 1, 1, &old);
	assert_int_equal(s.r1->row_count, 1);
	assert_int_not_equal(s.r1->rows[0].id, old);
	assert_non_null(world_sender(s.r1));
	assert_int_equal(registrations(&s), 1);
	world_free(s.world);
}

/* The one that is sent with, before ATD: the new one does not wait for that. */
static void sender_deleted(void **state)
{
	struct scene s = registered(22);
	uint8_t old = s.r1->rows[0].id;

	(void)state;
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, 2 * SECOND);
	assert_int_equal(world_sender(s.r1)->id, old);
	tell(&s, 201, 1, 1, &old);
	assert_int_equal(s.r1->row_count, 1);
	assert_non_null(world_sender(s.r1));
	world_free(s.world);
}

/* ------------------------------------------- cleared while its SA is rekeyed */

/* The operator clears the member while the server waits for an answer. */
static struct scene cleared_while_waiting(uint64_t seed)
{
	struct scene s = registered(seed);

	s.ks->up = false;
	return s;
}

static void clear_and_wait(struct scene *s, uint64_t seconds)
{
	assert_int_equal(gikev2_group_end_member(s->ks->group, &s->r1->identity,
						 -GIKEV2_ERR_ADMIN,
						 s->world->now),
			 1);
	s->ks->up = true;
	world_run(s->world, seconds * SECOND);
	assert_int_equal(s->r1->events[GIKEV2_EVENT_SERVER_LOST], 1);
	assert_int_equal(registrations(s), 2);
	assert_int_equal(s->ks->engine->totals.ike_sas, 1);
	world_free(s->world);
}

/* The member begins a rekey of the SA that is about to be deleted. */
static void cleared_then_rekeyed_by_us(void **state)
{
	struct scene s = cleared_while_waiting(24);

	(void)state;
	gikev2_group_rekey(s.ks->group, s.world->now);
	world_run(s.world, 10 * WORLD_MS);
	gikev2_want(s.r1->engine->ikes, GIKEV2_WANT_REKEY_IKE, s.world->now);
	clear_and_wait(&s, 10);
}

/* The server was rekeying the SA itself. */
static void cleared_while_rekeyed_by_server(void **state)
{
	struct scene s = cleared_while_waiting(25);

	(void)state;
	gikev2_want(s.ks->engine->ikes, GIKEV2_WANT_REKEY_IKE, s.world->now);
	world_run(s.world, 10 * WORLD_MS);
	clear_and_wait(&s, 10);
}

/*
 * However it came about that an SA serves nobody at the server: what keeps the
 * member content, that there is an answer to its liveness checks, does not keep
 * the SA.
 */
static void orphan_is_deleted(void **state)
{
	struct scene s = registered(26);

	(void)state;
	gikev2_gm_end(s.ks->engine->ikes->gms, -GIKEV2_ERR_ADMIN, s.world->now);
	world_run(s.world, 120 * SECOND);
	assert_int_equal(s.r1->events[GIKEV2_EVENT_SERVER_LOST], 1);
	assert_int_equal(registrations(&s), 2);
	assert_int_equal(s.ks->engine->totals.ike_sas, 1);
	/* and from then on it has peace */
	world_run(s.world, 1000 * SECOND);
	assert_int_equal(registrations(&s), 2);
	world_free(s.world);
}

/* ------------------------------------------------------------------- soft expiry */

static bool no_rekeys(struct world *world, struct world_datagram *datagram)
{
	(void)world;
	return datagram->octets[18] != GIKEV2_GSA_REKEY;
}

/* No rekey comes: it asks by itself, well before the end, and not at once. */
static void asks_before_the_end(void **state)
{
	struct scene s = setup(21);
	uint64_t begin;

	(void)state;
	gikev2_group_del(s.ks->group, s.world->now);
	s.ks->group_config.rekey = (struct gikev2_rekey_config){
		.destination = { .family = 4,
				 .port = GIKEV2_PORT,
				 .ip = { 239, 192, 1, 1 } },
		.lifetime = 86400,
		.copies = 2,
	};
	world_serve(s.ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	s.world->wire = no_rekeys;
	world_join(s.r1, s.ks, WORLD_ALL_ALGORITHMS);
	world_run(s.world, 10 * SECOND);
	begin = status_of(s.r1).registered_since;
	assert_in_range(status_of(s.r1).next_try, begin + 3000 * SECOND,
			begin + 3450 * SECOND);
	world_run(s.world, 3480 * SECOND);
	assert_int_equal(registrations(&s), 2);
	assert_non_null(world_sender(s.r1));
	assert_int_equal(s.r1->events[GIKEV2_EVENT_KEYS_EXPIRED], 0);
	world_free(s.world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_of_a_life),
		cmocka_unit_test(state_texts),
		cmocka_unit_test(longer_and_longer),
		cmocka_unit_test(refused_for_good),
		cmocka_unit_test(next_server),
		cmocka_unit_test(other_server_when_lost),
		cmocka_unit_test(fewer_servers),
		cmocka_unit_test(same_again),
		cmocka_unit_test(other_offers),
		cmocka_unit_test(other_servers),
		cmocka_unit_test(other_port),
		cmocka_unit_test(server_gets_a_name),
		cmocka_unit_test(other_group),
		cmocka_unit_test(no_server),
		cmocka_unit_test(reregister),
		cmocka_unit_test(deleted_at_any_time),
		cmocka_unit_test(one_key_deleted),
		cmocka_unit_test(all_keys_deleted),
		cmocka_unit_test(everything_deleted),
		cmocka_unit_test(excluded),
		cmocka_unit_test(other_keys_deleted),
		cmocka_unit_test(older_key_deleted),
		cmocka_unit_test(sender_deleted),
		cmocka_unit_test(cleared_then_rekeyed_by_us),
		cmocka_unit_test(cleared_while_rekeyed_by_server),
		cmocka_unit_test(orphan_is_deleted),
		cmocka_unit_test(asks_before_the_end),
	};

	return cmocka_run_group_tests_name("member", tests, NULL, NULL);
}
