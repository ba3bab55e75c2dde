// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The file that survives the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mrkmd/mrkm_seal.h"
#include "mrkmd/mrkm_store.h"
#include "test_util.h"

static char folder[64], db[96], key[96], problem[MRKM_STORE_PROBLEM_MAX];

static const struct mrkm_store_clock boot1 = { .monotonic = 500,
					       .wall = 9000500,
					       .boot = "first" };

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/mrkm-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(db, sizeof(db), "%s/state.db", folder);
	snprintf(key, sizeof(key), "%s/state.key", folder);
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct mrkm_store *open_store(void)
{
	struct mrkm_store *store;

	if (mrkm_store_open(db, key, &boot1, &store, problem))
		fail_msg("%s", problem);
	return store;
}

static void refused(int err, const char *what)
{
	struct mrkm_store *store;

	assert_int_equal(mrkm_store_open(db, key, &boot1, &store, problem),
			 -err);
	assert_null(store);
	if (!strstr(problem, what))
		fail_msg("\"%s\" does not say \"%s\"", problem, what);
}

static int save(struct mrkm_store *store, int kind, const char *name,
		const char *value)
{
	struct gikev2_record record = {
		.kind = kind,
		.key = (const uint8_t *)name,
		.key_len = strlen(name),
		.value = (const uint8_t *)value,
		.value_len = value ? strlen(value) : 0,
	};

	return mrkm_store_save(store, &record);
}

/* "name=value " of all, in the order of names. */
struct found {
	char text[256];
	int64_t shift;
	int ret;
};

static int on_record(void *arg, const struct gikev2_record *record)
{
	struct found *found = arg;
	size_t len = strlen(found->text);

	snprintf(found->text + len, sizeof(found->text) - len, "%.*s=%.*s ",
		 (int)record->key_len, (const char *)record->key,
		 (int)record->value_len, (const char *)record->value);
	found->shift = record->shift;
	return found->ret;
}

static struct found load(struct mrkm_store *store, int kind, const char *name)
{
	struct found found = { 0 };

	assert_int_equal(mrkm_store_load(store, kind, (const uint8_t *)name,
					 strlen(name), on_record, &found),
			 0);
	return found;
}

static void commit(struct mrkm_store *store)
{
	assert_int_equal(mrkm_store_commit(store, &boot1), 0);
	assert_false(mrkm_store_pending(store));
}

/* -------------------------------------------------------------------- records */

static void records(void **state)
{
	struct mrkm_store *store = open_store();

	(void)state;
	assert_string_equal(load(store, 1, "").text, "");
	save(store, 1, "ab", "one");
	save(store, 1, "ac", "two");
	save(store, 1, "b", "three");
	save(store, 2, "ab", "four");
	assert_true(mrkm_store_pending(store));
	assert_string_equal(load(store, 1, "").text, "ab=one ac=two b=three ");
	assert_string_equal(load(store, 1, "a").text, "ab=one ac=two ");
	assert_string_equal(load(store, 1, "ab").text, "ab=one ");
	assert_string_equal(load(store, 1, "abc").text, "");
	save(store, 1, "ab", "");
	assert_string_equal(load(store, 1, "ab").text, "ab= ");
	save(store, 1, "a", NULL);
	assert_string_equal(load(store, 1, "").text, "b=three ");
	assert_string_equal(load(store, 2, "").text, "ab=four ");
	commit(store);
	mrkm_store_close(store);
}

/* New ones and changed ones by turns, and several of each in a row. */
static void new_and_changed(void **state)
{
	struct mrkm_store *store = open_store();
	struct mrkm_store_status status;

	(void)state;
	save(store, 1, "a", "1");
	save(store, 1, "a", "2");
	save(store, 1, "b", "1");
	save(store, 1, "c", "1");
	save(store, 1, "b", "2");
	save(store, 1, "c", "2");
	save(store, 1, "d", "1");
	assert_string_equal(load(store, 1, "").text, "a=2 b=2 c=2 d=1 ");
	commit(store);
	mrkm_store_get_status(store, &status);
	assert_int_equal(status.records, 6); /* with check and clock */
	mrkm_store_close(store);
}

/* Octets of 255 have no successor of the same length. */
static void high_keys(void **state)
{
	struct mrkm_store *store = open_store();

	(void)state;
	save(store, 1, "\xff", "one");
	save(store, 1, "\xff\xff", "two");
	save(store, 1, "a\xff", "three");
	save(store, 1, "a\xff\xff", "four");
	save(store, 1, "b", "five");
	assert_string_equal(load(store, 1, "a\xff").text,
			    "a\xff=three a\xff\xff=four ");
	assert_string_equal(load(store, 1, "\xff").text,
			    "\xff=one \xff\xff=two ");
	save(store, 1, "\xff", NULL);
	assert_string_equal(load(store, 1, "").text,
			    "a\xff=three a\xff\xff=four b=five ");
	mrkm_store_close(store);
}

static void kept_when_committed(void **state)
{
	struct mrkm_store *store = open_store();

	(void)state;
	save(store, 1, "a", "kept");
	commit(store);
	save(store, 1, "a", "lost");
	save(store, 1, "b", "lost");
	mrkm_store_close(store);
	store = open_store();
	assert_string_equal(load(store, 1, "").text, "a=kept ");
	commit(store);
	mrkm_store_close(store);
}

static void visitor_stops(void **state)
{
	struct mrkm_store *store = open_store();
	struct found found = { .ret = -7 };

	(void)state;
	save(store, 1, "a", "one");
	save(store, 1, "b", "two");
	assert_int_equal(mrkm_store_load(store, 1, NULL, 0, on_record, &found),
			 -7);
	assert_string_equal(found.text, "a=one ");
	/* that is no fault of the store */
	assert_null(mrkm_store_problem(store));
	assert_string_equal(load(store, 1, "").text, "a=one b=two ");
	mrkm_store_close(store);
}

static void clocks(void **state)
{
	struct mrkm_store_clock other = { .monotonic = 100,
					  .wall = 9900100,
					  .boot = "second" };
	struct mrkm_store *store = open_store();

	(void)state;
	save(store, 1, "a", "one");
	commit(store);
	mrkm_store_close(store);
	store = open_store();
	assert_int_equal(load(store, 1, "").shift, 0);
	mrkm_store_close(store);
	assert_int_equal(mrkm_store_open(db, key, &other, &store, problem), 0);
	/* 9000000 + m in the first boot is 9900000 + m in the second */
	assert_int_equal(load(store, 1, "").shift, -900000);
	mrkm_store_close(store);
	mrkm_store_clock(&other);
	assert_true(other.monotonic > 0 && other.wall > other.monotonic);
	assert_true(strlen(other.boot) > 30);
}

static bool went_back(uint64_t wall, const char *boot)
{
	struct mrkm_store_clock now = { .monotonic = 100, .wall = wall };
	struct mrkm_store *store;
	bool back;

	strcpy(now.boot, boot);
	assert_int_equal(mrkm_store_open(db, key, &now, &store, problem), 0);
	back = mrkm_store_clock_went_back(store);
	mrkm_store_close(store);
	return back;
}

static void clock_that_went_back(void **state)
{
	struct mrkm_store *store = open_store();

	(void)state;
	assert_false(mrkm_store_clock_went_back(store));
	mrkm_store_close(store);
	assert_false(went_back(boot1.wall, "second"));
	assert_true(went_back(boot1.wall - 1, "second"));
	assert_true(went_back(boot1.wall - 1, ""));
	/* the monotonic clock knows better */
	assert_false(went_back(boot1.wall - 1, "first"));
}

/* -------------------------------------------------------------------- secrets */

static bool file_has(const char *path, const char *text)
{
	FILE *file = fopen(path, "rb");
	static char octets[1 << 20];
	size_t len;

	if (!file)
		return false;
	len = fread(octets, 1, sizeof(octets), file);
	fclose(file);
	assert_true(len > 0 && len < sizeof(octets));
	return memmem(octets, len, text, strlen(text)) != NULL;
}

static void sealed(void **state)
{
	struct mrkm_store *store = open_store();
	char wal[128];
	struct stat st;

	(void)state;
	snprintf(wal, sizeof(wal), "%s-wal", db);
	save(store, 1, "name-of-it", "the-secret-value");
	commit(store);
	assert_true(file_has(db, "name-of-it") || file_has(wal, "name-of-it"));
	assert_false(file_has(db, "the-secret") || file_has(wal, "the-secret"));
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	mrkm_store_close(store);
}

/* A value is good in its place only, and only as it was written. */
static void seal_binds(void **state)
{
	struct mrkm_seal *seal, *later;
	uint8_t text[] = "text", out[sizeof(text) + MRKM_SEAL_OVERHEAD],
		again[sizeof(out)], back[sizeof(text)];
	const uint8_t a[] = "a", b[] = "b";

	(void)state;
	assert_int_equal(
		mrkm_seal_open(key, true, &seal, problem, sizeof(problem)), 0);
	assert_int_equal(mrkm_seal_open(key, false, &later, problem,
					sizeof(problem)),
			 0);
	assert_int_equal(mrkm_seal(seal, a, 1, text, sizeof(text), out), 0);
	assert_int_equal(mrkm_seal(seal, a, 1, text, sizeof(text), again), 0);
	assert_memory_not_equal(out + 24, again + 24, sizeof(text));
	assert_int_equal(mrkm_unseal(later, a, 1, out, sizeof(out), back), 0);
	assert_memory_equal(back, text, sizeof(text));
	assert_int_equal(mrkm_unseal(seal, b, 1, out, sizeof(out), back),
			 -EBADMSG);
	for (size_t i = 0; i < sizeof(out); i++) {
		out[i] ^= 1;
		assert_int_equal(mrkm_unseal(seal, a, 1, out, sizeof(out),
					     back),
				 -EBADMSG);
		out[i] ^= 1;
	}
	for (size_t len = 0; len < sizeof(out); len++)
		assert_int_equal(mrkm_unseal(seal, a, 1, out, len, back),
				 -EBADMSG);
	mrkm_seal_close(seal);
	mrkm_seal_close(later);
}

/* ----------------------------------------------------------------- key files */

static void write_file(const char *path, const void *octets, size_t len,
		       mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, octets, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void make_store(void)
{
	struct mrkm_store *store = open_store();

	save(store, 1, "a", "one");
	commit(store);
	mrkm_store_close(store);
}

static void key_missing(void **state)
{
	(void)state;
	make_store();
	unlink(key);
	refused(ENOENT, "is missing: restore it");
	/* nobody makes another one in its place */
	assert_int_equal(access(key, F_OK), -1);
}

static void key_of_another(void **state)
{
	static const char digits[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

	(void)state;
	make_store();
	write_file(key, digits, 64, 0600);
	refused(EBADMSG, "was sealed under another key");
}

static void key_malformed(void **state)
{
	static const char digits[] =
		"0011223344556677x899aabbccddeeff00112233445566778899aabbccddeeff";

	(void)state;
	make_store();
	write_file(key, digits, 64, 0600);
	refused(EINVAL, "64 hexadecimal digits");
	write_file(key, digits, 10, 0600);
	refused(EINVAL, "64 hexadecimal digits");
}

static void key_open_to_others(void **state)
{
	(void)state;
	make_store();
	chmod(key, 0640);
	refused(EPERM, "chmod 600");
}

static void key_is_a_folder(void **state)
{
	(void)state;
	mkdir(key, 0700);
	refused(EINVAL, "regular file");
}

/* An Ed25519 key signs the same way every time. */
static void key_by_uri(void **state)
{
	(void)state;
	snprintf(key, sizeof(key), "unknown-scheme:object=x");
	refused(EINVAL, "unknown-scheme");
}

/* --------------------------------------------------------------------- damage */

static void not_a_database(void **state)
{
	char octets[4096];

	(void)state;
	memset(octets, 'x', sizeof(octets));
	write_file(db, octets, sizeof(octets), 0600);
	refused(EBADMSG, "is damaged");
}

static void sql(const char *text)
{
	char command[512];

	/* by another hand than the code that is tested */
	snprintf(
		command, sizeof(command),
		"/usr/bin/python3 -c \"import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()\" %s '%s'",
		db, text);
	assert_int_equal(system(command), 0);
}

static void database_of_another(void **state)
{
	(void)state;
	sql("CREATE TABLE other (x)");
	refused(EINVAL, "not one of this daemon");
}

static void newer_version(void **state)
{
	(void)state;
	make_store();
	sql("PRAGMA user_version = 2");
	refused(ENOTSUP, "newer software (version 2)");
}

static void record_exchanged(void **state)
{
	struct mrkm_store *store;
	struct found found = { 0 };

	(void)state;
	make_store();
	sql("UPDATE record SET key = CAST(char(98) AS BLOB) WHERE kind = 1");
	store = open_store();
	assert_int_equal(mrkm_store_load(store, 1, NULL, 0, on_record, &found),
			 -EBADMSG);
	assert_string_equal(found.text, "");
	assert_non_null(strstr(mrkm_store_problem(store), "is damaged"));
	/* and that is the end of it */
	assert_int_equal(save(store, 1, "a", "x"), -EBADMSG);
	assert_int_equal(mrkm_store_commit(store, &boot1), -EBADMSG);
	mrkm_store_close(store);
}

static void pages_damaged(void **state)
{
	struct mrkm_store *store = open_store();
	char name[16], value[512];
	struct stat st;
	int refusals = 0;

	(void)state;
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		save(store, 1, name, value);
	}
	commit(store);
	mrkm_store_close(store);
	assert_int_equal(stat(db, &st), 0);
	for (off_t at = 4096; at < st.st_size; at += 4096) {
		uint8_t header[16], zero[16] = { 0xff, 0xff, 0xff, 0xff };
		int fd = open(db, O_RDWR);

		assert_int_equal(pread(fd, header, 16, at), 16);
		assert_int_equal(pwrite(fd, zero, 16, at), 16);
		if (mrkm_store_open(db, key, &boot1, &store, problem) < 0)
			refusals++;
		mrkm_store_close(store);
		assert_int_equal(pwrite(fd, header, 16, at), 16);
		close(fd);
	}
	assert_true(refusals > 10);
	mrkm_store_close(open_store());
}

/* -------------------------------------------------------------- disk, processes */

static void no_folder(void **state)
{
	(void)state;
	snprintf(db, sizeof(db), "%s/none/state.db", folder);
	refused(EACCES, "make its folder");
}

static void used_by_another(void **state)
{
	struct mrkm_store *store = open_store();

	(void)state;
	refused(EBUSY, "in use by another process");
	save(store, 1, "a", "one");
	commit(store);
	mrkm_store_close(store);
	mrkm_store_close(open_store());
}

/* In a process of its own, for a limit on the size of files has no way back. */
static void child_fills_disk(void)
{
	struct rlimit limit = { 16384, 16384 };
	struct mrkm_store *store = open_store();
	char name[16], value[1024];
	int ret = 0;

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	save(store, 1, "a", "first");
	commit(store);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; ret == 0 && i < 1000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		save(store, 1, name, value);
		save(store, 1, "a", value);
		ret = mrkm_store_commit(store, &boot1);
	}
	if (ret >= 0 || !mrkm_store_problem(store) ||
	    mrkm_store_commit(store, &boot1) != ret ||
	    save(store, 1, "b", "x") != ret)
		_exit(1);
	_exit(strstr(mrkm_store_problem(store), db) ? 0 : 2);
}

static void disk_full(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		child_fills_disk();
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	/* what was committed before is there, and it can be used again */
	make_store();
	mrkm_store_close(open_store());
}

/* Two records that say the same in each commit; each commit is told. */
static void child_writes(int fd)
{
	struct mrkm_store *store = open_store();
	char value[16];

	for (uint32_t i = 1;; i++) {
		snprintf(value, sizeof(value), "%u", i);
		save(store, 1, "a", value);
		save(store, 1, "b", value);
		if (mrkm_store_commit(store, &boot1) ||
		    write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void check_after_kill(uint32_t told)
{
	struct mrkm_store *store = open_store();
	struct found found = load(store, 1, "");
	unsigned int a = 0, b = 0;

	if (told)
		assert_int_equal(sscanf(found.text, "a=%u b=%u", &a, &b), 2);
	assert_int_equal(a, b);
	assert_true(a == told || a == told + 1);
	mrkm_store_close(store);
}

static void killed(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		uint32_t told = 0, next;
		int fds[2], status;
		pid_t pid;

		unlink(db);
		assert_int_equal(pipe(fds), 0);
		pid = fork();
		if (!pid)
			child_writes(fds[1]);
		close(fds[1]);
		/* after so many commits, somewhere in the next one */
		while (told < 3u * i + 1 &&
		       read(fds[0], &next, sizeof(next)) == sizeof(next))
			told = next;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		while (read(fds[0], &next, sizeof(next)) == sizeof(next))
			told = next;
		close(fds[0]);
		check_after_kill(told);
	}
}

static void status_numbers(void **state)
{
	struct mrkm_store *store = open_store();
	struct mrkm_store_status status;

	(void)state;
	save(store, 1, "a", "one");
	commit(store);
	mrkm_store_get_status(store, &status);
	assert_int_equal(status.records, 3); /* with check and clock */
	assert_int_equal(status.commits, 2);
	assert_true(status.octets >= 4096);
	commit(store); /* nothing to do */
	mrkm_store_get_status(store, &status);
	assert_int_equal(status.commits, 2);
	mrkm_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records),
		TEST(new_and_changed),
		TEST(high_keys),
		TEST(kept_when_committed),
		TEST(visitor_stops),
		TEST(clocks),
		TEST(clock_that_went_back),
		TEST(sealed),
		TEST(seal_binds),
		TEST(key_missing),
		TEST(key_of_another),
		TEST(key_malformed),
		TEST(key_open_to_others),
		TEST(key_is_a_folder),
		TEST(key_by_uri),
		TEST(not_a_database),
		TEST(database_of_another),
		TEST(newer_version),
		TEST(record_exchanged),
		TEST(pages_damaged),
		TEST(no_folder),
		TEST(used_by_another),
		TEST(disk_full),
		TEST(killed),
		TEST(status_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
