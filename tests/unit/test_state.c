// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server that crashes at any moment and goes on from what it saved.
 */
#include <stdlib.h>

#include "gikev2/gikev2_generation.h"
#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define DOWN_TIME (3 * SECOND)
#define SENT_MAX 4096
#define IV_LEN 8
#define TAG_LEN 16

/* How far the server came with the last thing it did. */
enum crash {
	SENT,	     /* saved, and on the network */
	SAVED,	     /* saved, but nothing of it was sent */
	INTERRUPTED, /* neither */
};

/* A datagram with an AEAD: which keys, which IV, and what it says. */
struct sent {
	uint8_t flags;
	uint8_t spis[2 * GIKEV2_SPI_LEN], iv[IV_LEN], tag[TAG_LEN];
	uint32_t id;
};

struct run {
	struct world *world;
	struct world_node *ks, *r1, *r2, *r3;
	struct gikev2_key *key;
	struct sent sent[SENT_MAX];
	size_t sent_count;
	size_t action; /* the next one */
};

/* ------------------------------------------------------------------- watching */

/* Same key, same IV, other octets: the end of AES-GCM. */
static void check_iv(const struct run *run, const struct sent *new)
{
	for (size_t i = 0; i < run->sent_count; i++) {
		const struct sent *old = &run->sent[i];

		if (old->flags == new->flags &&
		    !memcmp(old->spis, new->spis, sizeof(new->spis)) &&
		    !memcmp(old->iv, new->iv, sizeof(new->iv)) &&
		    memcmp(old->tag, new->tag, sizeof(new->tag)))
			fail_msg("an IV was used twice (Message ID %u)",
				 new->id);
	}
}

/* Same Rekey SA, same Message ID, other octets: members refuse the second. */
static void check_message_id(const struct run *run, const struct sent *new)
{
	for (size_t i = 0; i < run->sent_count; i++) {
		const struct sent *old = &run->sent[i];

		if (!memcmp(old->spis, new->spis, sizeof(new->spis)) &&
		    old->flags == new->flags &&
		    old->id == new->id &&memcmp(old->tag, new->tag,
						sizeof(new->tag)))
			fail_msg("Message ID %u was used twice", new->id);
	}
}

static bool watch(struct world *world, struct world_datagram *datagram)
{
	struct run *run = world->user;
	const uint8_t *octets = datagram->octets;
	struct sent new = { .flags = octets[19],
			    .id = gikev2_get_int(octets + 20, 4) };

	if (octets[16] != GIKEV2_PLD_SK)
		return true;
	memcpy(new.spis, octets, sizeof(new.spis));
	memcpy(new.iv, octets + GIKEV2_HEADER_LEN + GIKEV2_PAYLOAD_HEADER_LEN,
	       IV_LEN);
	memcpy(new.tag, octets + datagram->len - TAG_LEN, TAG_LEN);
	check_iv(run, &new);
	check_message_id(run, &new);
	assert_true(run->sent_count < SENT_MAX);
	run->sent[run->sent_count++] = new;
	return true;
}

/* ------------------------------------------------------------------- scenario */

static void roll(struct run *run)
{
	assert_int_equal(gikev2_group_rekey(run->ks->group, run->world->now),
			 0);
}

static void rekey_ike(struct run *run)
{
	struct gikev2_ike *ike = run->ks->engine->ikes;

	if (ike)
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, run->world->now);
	gikev2_bury(run->ks->engine);
}

static void member_rekeys_ike(struct run *run)
{
	struct gikev2_ike *ike = run->r1->engine->ikes;

	if (ike)
		gikev2_want(ike, GIKEV2_WANT_REKEY_IKE, run->world->now);
}

/* Once, whatever happens to the server afterwards. */
static void exclude(struct run *run)
{
	for (size_t i = 0; i < run->ks->peer_count; i++)
		if (gikev2_id_equal(&run->ks->peers[i].id, &run->r3->identity))
			run->ks->peers[i].authorized = false;
	assert_true(gikev2_group_exclude(run->ks->group, &run->r3->identity,
					 run->world->now) >= 0);
}

static void nothing(struct run *run)
{
	(void)run;
}

static const struct {
	uint64_t at; /* seconds after the beginning */
	void (*action)(struct run *run);
} actions[] = {
	{ 10, roll },  { 30, rekey_ike },
	{ 40, roll },  { 60, member_rekeys_ike },
	{ 70, roll },  { 90, exclude },
	{ 120, roll }, { 150, nothing },
};

#define BEGINNING (1000 * SECOND)

static struct run *begin(uint64_t seed, bool multicast, bool sign)
{
	static const uint8_t key_seed[GIKEV2_ED25519_SEED_LEN] = { 7 };
	struct run *run = calloc(1, sizeof(*run));
	struct world *world = world_new(seed);

	assert_non_null(run);
	run->world = world;
	world->user = run;
	world->wire = watch;
	run->ks = world_add(world, "ks");
	run->ks->remembers = true;
	world_boot(run->ks);
	run->r1 = world_add(world, "r1");
	run->r2 = world_add(world, "r2");
	run->r3 = world_add(world, "r3");
	for (size_t i = 1; i < 4; i++)
		world_acquaint(run->ks, &world->nodes[i], "secret", "secret");
	if (sign)
		assert_int_equal(gikev2_key_from_seed(key_seed, &run->key), 0);
	if (multicast)
		run->ks->group_config.rekey = (struct gikev2_rekey_config){
			.destination = { .family = 4,
					 .port = GIKEV2_PORT,
					 .ip = { 239, 192, 1, 1 } },
			.lifetime = 86400,
			.copies = 2,
			.key = run->key,
		};
	world_serve(run->ks, KEYTABLE_HMAC_SHA_256, 3600, 5, 15);
	for (size_t i = 1; i < 4; i++)
		world_join(&world->nodes[i], run->ks, WORLD_ALL_ALGORITHMS);
	return run;
}

static void end(struct run *run)
{
	world_free(run->world);
	gikev2_key_free(run->key);
	free(run);
}

/* One datagram, deadline or action; false: the scenario is over. */
static bool advance(struct run *run)
{
	size_t count = sizeof(actions) / sizeof(actions[0]);
	uint64_t at;

	if (run->action == count)
		return false;
	at = BEGINNING + actions[run->action].at * SECOND;
	if (world_step(run->world, at))
		return true;
	if (at > run->world->now)
		run->world->now = at;
	actions[run->action++].action(run);
	return true;
}

/* -------------------------------------------------------------------- crashes */

static struct world_record *copy_records(const struct world_record *from)
{
	struct world_record *first = NULL, **at = &first;

	for (; from; from = from->next) {
		*at = malloc(sizeof(*from) + from->value_len);
		assert_non_null(*at);
		memcpy(*at, from, sizeof(*from) + from->value_len);
		at = &(*at)->next;
	}
	*at = NULL;
	return first;
}

/* What the server sent since then was never sent. */
static void unsend(struct run *run, uint64_t order, size_t sent_count)
{
	struct world *world = run->world;

	for (size_t i = world->queued; i-- > 0;)
		if (world->queue[i].order >= order &&
		    memcmp(world->queue[i].path.local.ip, run->ks->address.ip,
			   4) == 0)
			world->queue[i] = world->queue[--world->queued];
	run->sent_count = sent_count;
}

/* The next step, in which the server dies; false: there is none. */
static bool step_and_crash(struct run *run, enum crash how)
{
	struct world_record *before = copy_records(run->ks->records);
	uint64_t order = run->world->sent;
	size_t sent_count = run->sent_count;
	bool more = advance(run);

	if (how != SENT)
		unsend(run, order, sent_count);
	if (how == INTERRUPTED) {
		world_forget(run->ks);
		run->ks->records = before;
	} else {
		struct world_node scratch = { .records = before };

		world_forget(&scratch);
	}
	world_crash(run->ks);
	return more;
}

static void check_member(const struct run *run, const struct world_node *node,
			 bool never_asked_again)
{
	const struct keytable_row *row = world_sender(node);

	assert_int_equal(world_state(node), GIKEV2_GM_KEY_TABLE);
	assert_non_null(row);
	assert_true(world_accepts(run->r1, row));
	assert_true(world_accepts(run->r2, row));
	if (!never_asked_again)
		return;
	assert_int_equal(node->events[GIKEV2_EVENT_REGISTERED], 1);
	assert_int_equal(node->events[GIKEV2_EVENT_SERVER_LOST], 0);
}

/* Both have the server's youngest key, and nobody else does. */
static void check_end(struct run *run, bool never_asked_again)
{
	struct gikev2_group_status status;
	const struct keytable_row *youngest;

	gikev2_group_rekey(run->ks->group, run->world->now);
	world_run(run->world, 60 * SECOND);
	gikev2_group_get_status(run->ks->group, run->world->now, &status);
	youngest = &status.rows[status.row_count - 1];
	assert_int_equal(status.members, 2);
	assert_int_equal(status.pending, 0);
	assert_true(world_accepts(run->r1, youngest));
	assert_true(world_accepts(run->r2, youngest));
	assert_false(world_accepts(run->r3, youngest));
	check_member(run, run->r1, never_asked_again);
	check_member(run, run->r2, never_asked_again);
}

/*
 * Who was registered when the server died stays registered.  In the first
 * second members are still on their way in, and may have to ask twice.
 */
static size_t crash_at(size_t step, enum crash how, bool multicast, bool sign)
{
	struct run *run = begin(100 + step, multicast, sign);
	bool registered;
	size_t i;

	for (i = 0; i < step && advance(run); i++)
		;
	registered = run->world->now > BEGINNING + SECOND;
	if (!step_and_crash(run, how)) {
		end(run);
		return 0;
	}
	world_run(run->world, DOWN_TIME);
	assert_int_equal(world_resume(run->ks), 0);
	/* the operator's word is not lost with the process */
	if (how == INTERRUPTED && run->action &&
	    actions[run->action - 1].action == exclude)
		exclude(run);
	while (advance(run))
		;
	check_end(run, registered);
	end(run);
	return 1;
}

static void crash_everywhere(enum crash how, bool multicast, bool sign)
{
	size_t step = 0;

	while (crash_at(step, how, multicast, sign))
		step++;
	assert_true(step > 50);
}

static void inband_sent(void **state)
{
	(void)state;
	crash_everywhere(SENT, false, false);
}

static void inband_saved(void **state)
{
	(void)state;
	crash_everywhere(SAVED, false, false);
}

static void inband_interrupted(void **state)
{
	(void)state;
	crash_everywhere(INTERRUPTED, false, false);
}

static void multicast_sent(void **state)
{
	(void)state;
	crash_everywhere(SENT, true, true);
}

static void multicast_saved(void **state)
{
	(void)state;
	crash_everywhere(SAVED, true, true);
}

static void multicast_interrupted(void **state)
{
	(void)state;
	crash_everywhere(INTERRUPTED, true, false);
}

/* ---------------------------------------------------------------- single cases */

static struct run *registered(uint64_t seed, bool multicast)
{
	struct run *run = begin(seed, multicast, false);

	world_run(run->world, 5 * SECOND);
	assert_int_equal(world_state(run->r1), GIKEV2_GM_KEY_TABLE);
	return run;
}

static void nothing_saved(void **state)
{
	struct run *run = begin(1, false, false);
	struct gikev2_group_status status;

	(void)state;
	world_crash(run->ks);
	world_forget(run->ks);
	assert_int_equal(world_resume(run->ks), 0);
	gikev2_group_get_status(run->ks->group, run->world->now, &status);
	assert_int_equal(status.generation, 1);
	assert_int_equal(status.members, 0);
	assert_int_equal(world_records(run->ks, GIKEV2_RECORD_GROUP), 1);
	end(run);
}

/* A record for each thing, none when it is gone. */
static void records_come_and_go(void **state)
{
	struct run *run = registered(2, true);
	struct world_node *ks = run->ks;

	(void)state;
	assert_int_equal(world_records(ks, GIKEV2_RECORD_GROUP), 1);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_MEMBER), 3);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_IKE_SA), 3);
	assert_true(world_records(ks, GIKEV2_RECORD_NODE) >= 3);
	gikev2_group_end_member(ks->group, &run->r3->identity,
				-GIKEV2_ERR_ADMIN, run->world->now);
	world_run(run->world, WORLD_MS * 10);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_MEMBER), 2);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_IKE_SA), 2);
	gikev2_group_del(ks->group, run->world->now);
	world_run(run->world, WORLD_MS * 10);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_GROUP), 0);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_NODE), 0);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_MEMBER), 0);
	assert_int_equal(world_records(ks, GIKEV2_RECORD_IKE_SA), 0);
	end(run);
}

/* The last of that kind's records, in the order of an ordered store. */
static struct world_record last_of(const struct world_node *node,
				   enum gikev2_record_kind kind)
{
	struct world_record last = { 0 };

	for (const struct world_record *at = node->records; at; at = at->next)
		if (at->kind == kind &&
		    memcmp(at->key, last.key, at->key_len) > 0)
			last = *at;
	assert_true(last.key_len);
	return last;
}

/*
 * What is new stands behind all that there is, so that a store writes what came
 * together to one place; also after a restart, where it must not take the place of
 * something else.
 */
static void new_records_stand_behind(void **state)
{
	static const enum gikev2_record_kind kinds[] = {
		GIKEV2_RECORD_MEMBER,
		GIKEV2_RECORD_IKE_SA,
	};
	struct run *run = registered(2, false);
	struct world_node *ks = run->ks;
	struct world_record before[2], after;

	(void)state;
	for (int i = 0; i < 2; i++)
		before[i] = last_of(ks, kinds[i]);
	world_crash(ks);
	assert_int_equal(world_resume(ks), 0);
	gikev2_group_end_member(ks->group, &run->r3->identity,
				-GIKEV2_ERR_ADMIN, run->world->now);
	world_run(run->world, 60 * SECOND);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(world_records(ks, kinds[i]), 3);
		after = last_of(ks, kinds[i]);
		assert_true(memcmp(after.key, before[i].key, after.key_len) >
			    0);
	}
	end(run);
}

/* That the excluded one's keys are over is not forgotten. */
static void exclusion_survives(void **state)
{
	struct run *run = registered(9, false);

	(void)state;
	exclude(run);
	world_run(run->world, SECOND);
	assert_int_equal(run->r1->row_count, 1);
	world_crash(run->ks);
	assert_int_equal(world_resume(run->ks), 0);
	world_boot(run->r1);
	world_join(run->r1, run->ks, WORLD_ALL_ALGORITHMS);
	world_run(run->world, SECOND);
	assert_int_equal(world_state(run->r1), GIKEV2_GM_KEY_TABLE);
	assert_int_equal(run->r1->row_count, 1);
	end(run);
}

/* The end of the process is not the end of the group. */
static void stopped_is_not_deleted(void **state)
{
	struct run *run = registered(3, false);

	(void)state;
	world_crash(run->ks);
	assert_int_equal(world_records(run->ks, GIKEV2_RECORD_MEMBER), 3);
	assert_int_equal(world_records(run->ks, GIKEV2_RECORD_IKE_SA), 3);
	end(run);
}

/* By which key a peer proved who it is may be asked for a restart later. */
static void proof_is_kept(void **state)
{
	struct run *run = registered(6, false);
	uint8_t proof[GIKEV2_PEER_PROOF_LEN], none[sizeof(proof)] = { 0 };

	(void)state;
	/* they share one */
	memcpy(proof, run->ks->engine->ikes->peer_proof, sizeof(proof));
	assert_memory_not_equal(proof, none, sizeof(none));
	assert_int_equal(world_resume(run->ks), 0);
	assert_memory_equal(run->ks->engine->ikes->peer_proof, proof,
			    sizeof(proof));
	end(run);
}

static void refused(struct run *run, int err)
{
	unsigned int saves = run->ks->saves;

	assert_int_equal(world_resume(run->ks), err);
	assert_null(run->ks->group);
	/* nothing of what may yet be repaired was touched */
	gikev2_expire(run->ks->engine, run->world->now + 3600 * SECOND);
	assert_int_equal(run->ks->saves, saves);
	assert_int_equal(run->ks->engine->totals.ike_sas, 0);
}

/* Each octet of each record cut off, and versions from the future. */
static void damaged(void **state)
{
	struct run *run = registered(4, true);
	struct world_record *at;

	(void)state;
	for (at = run->ks->records; at; at = at->next) {
		size_t len = at->value_len;
		uint8_t version = at->value[0];

		for (at->value_len = 0; at->value_len < len; at->value_len++)
			refused(run, -GIKEV2_ERR_STATE);
		at->value[0]++;
		refused(run, -GIKEV2_ERR_STATE_VERSION);
		at->value[0] = version;
	}
	run->ks->load_err = -GIKEV2_ERR_CRYPTO;
	refused(run, -GIKEV2_ERR_CRYPTO);
	run->ks->load_err = 0;
	assert_int_equal(world_resume(run->ks), 0);
	end(run);
}

/* Nobody came back in time: the group begins anew, its members know no key. */
static void away_too_long(void **state)
{
	struct run *run = registered(5, false);
	struct gikev2_group_status status;

	(void)state;
	world_crash(run->ks);
	world_run(run->world, 4000 * SECOND);
	assert_int_equal(world_resume(run->ks), 0);
	world_run(run->world, 200 * SECOND);
	gikev2_group_get_status(run->ks->group, run->world->now, &status);
	assert_int_equal(status.members, 3);
	assert_int_equal(status.pending, 0);
	check_member(run, run->r1, false);
	end(run);
}

static void other_algorithm(void **state)
{
	struct run *run = registered(6, false);

	(void)state;
	world_crash(run->ks);
	run->ks->group_config.protocols[0].algorithm = KEYTABLE_HMAC_SHA_512;
	assert_int_equal(world_resume(run->ks), 0);
	world_run(run->world, 60 * SECOND);
	assert_int_equal(world_sender(run->r1)->algorithm,
			 KEYTABLE_HMAC_SHA_512);
	assert_int_equal(run->r1->events[GIKEV2_EVENT_REGISTERED], 1);
	end(run);
}

/* The clock of another boot has another origin. */
static void other_clock(void **state)
{
	struct run *run = registered(7, false);
	struct gikev2_group_status before, after;
	uint64_t key_end;

	(void)state;
	gikev2_group_get_status(run->ks->group, run->world->now, &before);
	key_end = before.rows[0].accept_end;
	run->ks->shift = -(int64_t)(900 * SECOND);
	assert_int_equal(world_resume(run->ks), 0);
	gikev2_group_get_status(run->ks->group, run->world->now, &after);
	assert_int_equal(after.next_roll, before.next_roll - 900 * SECOND);
	assert_int_equal(after.rows[0].accept_end, key_end - 900 * SECOND);
	/* older than the clock itself */
	run->ks->shift = -(int64_t)(1001 * SECOND);
	assert_int_equal(world_resume(run->ks), 0);
	gikev2_group_get_status(run->ks->group, run->world->now, &after);
	assert_int_equal(after.created, 1);
	assert_int_equal(after.rows[0].accept_end, key_end - 1001 * SECOND);
	end(run);
}

/* A Rekey SA that its members could not follow any more is replaced. */
static void other_signature(void **state)
{
	struct run *run = begin(8, true, true);

	(void)state;
	world_run(run->world, 5 * SECOND);
	world_crash(run->ks);
	run->ks->group_config.rekey.key = NULL;
	assert_int_equal(world_resume(run->ks), 0);
	assert_null(gikev2_group_kek(run->ks->group)->sign_alg);
	assert_true(gikev2_group_kek(run->ks->group)->alive);
	end(run);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inband_sent),
		cmocka_unit_test(inband_saved),
		cmocka_unit_test(inband_interrupted),
		cmocka_unit_test(multicast_sent),
		cmocka_unit_test(multicast_saved),
		cmocka_unit_test(multicast_interrupted),
		cmocka_unit_test(nothing_saved),
		cmocka_unit_test(records_come_and_go),
		cmocka_unit_test(new_records_stand_behind),
		cmocka_unit_test(exclusion_survives),
		cmocka_unit_test(stopped_is_not_deleted),
		cmocka_unit_test(proof_is_kept),
		cmocka_unit_test(damaged),
		cmocka_unit_test(away_too_long),
		cmocka_unit_test(other_algorithm),
		cmocka_unit_test(other_clock),
		cmocka_unit_test(other_signature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
