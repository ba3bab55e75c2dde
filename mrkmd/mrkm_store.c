// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What must survive this process.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "mrkmd/mrkm_seal.h"
#include "mrkmd/mrkm_store.h"

/* The layout of the database; what is in a value has versions of its own. */
#define STORE_VERSION 1
#define APPLICATION_ID 0x6d726b6d /* "mrkm" */

/* Kinds of this file, beside those of its users. */
#define KIND_CHECK 250
#define KIND_CLOCK 251

enum statement {
	CHANGE,
	ADD,
	DEL,
	DEL_FROM,
	EACH,
	EACH_FROM,
	BEGIN,
	COMMIT,
	ROLLBACK,
	PAGES,
	STATEMENT_MAX
};

static const char *const texts[STATEMENT_MAX] = {
	[CHANGE] = "UPDATE record SET value = ?3 WHERE kind = ?1 AND key = ?2",
	[ADD] = "INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3)",
	[DEL] = "DELETE FROM record WHERE kind = ?1 AND key >= ?2 AND key < ?3",
	[DEL_FROM] = "DELETE FROM record WHERE kind = ?1 AND key >= ?2",
	[EACH] =
		"SELECT key, value FROM record WHERE kind = ?1 AND key >= ?2 AND key < ?3",
	[EACH_FROM] =
		"SELECT key, value FROM record WHERE kind = ?1 AND key >= ?2",
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PAGES] = "PRAGMA page_count",
};

struct mrkm_store {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENT_MAX];
	struct mrkm_seal *seal;
	int64_t shift; /* of instants that an earlier process saved */
	bool clock_went_back;
	bool pending; /* a transaction is open */
	bool adding;  /* the last record was a new one */
	int err;      /* negated; for good */
	uint64_t commits;
	int64_t records, page_size;
	uint8_t *buf; /* of one sealed or opened value */
	size_t buf_size;
	char *path;
	char problem[MRKM_STORE_PROBLEM_MAX];
};

__attribute__((format(printf, 3, 4))) static int
fail(struct mrkm_store *store, int err, const char *format, ...)
{
	va_list ap;

	/* the first thing that went wrong explains the rest */
	if (store->err)
		return store->err;
	va_start(ap, format);
	vsnprintf(store->problem, sizeof(store->problem), format, ap);
	va_end(ap);
	store->err = -err;
	return store->err;
}

/* What SQLite says, and what can be done about it. */
static int fail_sqlite(struct mrkm_store *store, const char *what)
{
	int code = store->db ? sqlite3_errcode(store->db) : SQLITE_NOMEM;
	const char *path = store->path;

	switch (code & 0xff) {
	case SQLITE_FULL:
		return fail(
			store, ENOSPC,
			"state file %s cannot be written: the disk is full: free some room",
			path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return fail(
			store, EROFS,
			"state file %s cannot be written: let the daemon's user write to it and to its folder",
			path);
	case SQLITE_CANTOPEN:
		return fail(
			store, EACCES,
			"state file %s cannot be opened: make its folder, and let the daemon's user write to it",
			path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(
			store, EBUSY,
			"state file %s is in use by another process: end that, or name another file",
			path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return fail(
			store, EBADMSG,
			"state file %s is damaged: restore it, or remove it to begin anew",
			path);
	case SQLITE_NOMEM:
		return fail(store, ENOMEM,
			    "state file %s: out of memory: free some", path);
	default:
		return fail(store, EIO, "state file %s: %s: %s: check its disk",
			    path, what, sqlite3_errmsg(store->db));
	}
}

static int run(struct mrkm_store *store, const char *what, const char *sql)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail_sqlite(store, what);
	return 0;
}

/* The first column of the first row. */
static int get_number(struct mrkm_store *store, const char *sql,
		      int64_t *number)
{
	sqlite3_stmt *statement;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : fail_sqlite(store, sql);
}

/* --------------------------------------------------------------------- clocks */

static pthread_once_t boot_once = PTHREAD_ONCE_INIT;
static char boot[sizeof(((struct mrkm_store_clock *)NULL)->boot)];

/* A process does not outlive its boot, and each commit wants to know. */
static void read_boot(void)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file)
		return;
	if (!fgets(boot, sizeof(boot), file))
		boot[0] = '\0';
	fclose(file);
}

void mrkm_store_clock(struct mrkm_store_clock *clock)
{
	struct timespec ts;

	pthread_once(&boot_once, read_boot);
	memset(clock, 0, sizeof(*clock));
	clock_gettime(CLOCK_MONOTONIC, &ts);
	clock->monotonic = ts.tv_sec * UINT64_C(1000000) + ts.tv_nsec / 1000;
	clock_gettime(CLOCK_REALTIME, &ts);
	clock->wall = ts.tv_sec * UINT64_C(1000000) + ts.tv_nsec / 1000;
	memcpy(clock->boot, boot, sizeof(boot));
}

static bool same_boot(const struct mrkm_store_clock *a,
		      const struct mrkm_store_clock *b)
{
	return a->boot[0] && strcmp(a->boot, b->boot) == 0;
}

/* The monotonic clock goes on within a boot; across boots the wall clock is
 * all there is to go by. */
static int64_t shift_between(const struct mrkm_store_clock *then,
			     const struct mrkm_store_clock *now)
{
	if (same_boot(then, now))
		return 0;
	return (int64_t)(now->monotonic - now->wall) -
	       (int64_t)(then->monotonic - then->wall);
}

/* -------------------------------------------------------------------- records */

static uint8_t *room(struct mrkm_store *store, size_t size)
{
	uint8_t *buf;

	if (size <= store->buf_size)
		return store->buf;
	buf = malloc(size);
	if (!buf)
		return NULL;
	if (store->buf)
		explicit_bzero(store->buf, store->buf_size);
	free(store->buf);
	store->buf = buf;
	store->buf_size = size;
	return buf;
}

/* What a value is bound to: its kind and key. */
struct name {
	size_t len;
	uint8_t octets[1 + GIKEV2_RECORD_KEY_MAX];
};

static bool name_set(struct name *name, int kind, const uint8_t *key,
		     size_t key_len)
{
	if (key_len > GIKEV2_RECORD_KEY_MAX)
		return false;
	name->len = 1 + key_len;
	name->octets[0] = kind;
	if (key_len)
		memcpy(name->octets + 1, key, key_len);
	return true;
}

static int step(struct mrkm_store *store, enum statement which)
{
	sqlite3_stmt *statement = store->statement[which];
	int code = sqlite3_step(statement);

	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return code == SQLITE_DONE ? 0 : fail_sqlite(store, texts[which]);
}

static int begin(struct mrkm_store *store)
{
	if (store->err || store->pending)
		return store->err;
	store->pending = true;
	return step(store, BEGIN);
}

/* An empty key is an empty blob, not NULL. */
static void bind_key(sqlite3_stmt *statement, const uint8_t *key,
		     size_t key_len)
{
	sqlite3_bind_blob(statement, 2, key_len ? (const void *)key : "",
			  key_len, SQLITE_STATIC);
}

/* Binds and takes one of the statements that put a record there. */
static int put_by(struct mrkm_store *store, enum statement which,
		  const struct gikev2_record *record, const uint8_t *sealed,
		  size_t len)
{
	sqlite3_stmt *statement = store->statement[which];

	sqlite3_bind_int(statement, 1, record->kind);
	bind_key(statement, record->key, record->key_len);
	sqlite3_bind_blob(statement, 3, sealed, len, SQLITE_STATIC);
	return step(store, which);
}

static int seal(struct mrkm_store *store, const struct gikev2_record *record,
		uint8_t *sealed)
{
	struct name name;

	if (name_set(&name, record->kind, record->key, record->key_len) &&
	    mrkm_seal(store->seal, name.octets, name.len, record->value,
		      record->value_len, sealed) == 0)
		return 0;
	return fail(
		store, EIO,
		"state file %s: a record could not be sealed: check the OpenSSL installation",
		store->path);
}

/*
 * Which of the two it takes shows when it is tried.  Many register together, and
 * many change together: what the last one took is tried first.
 */
static int put(struct mrkm_store *store, const struct gikev2_record *record)
{
	size_t len = record->value_len + MRKM_SEAL_OVERHEAD;
	uint8_t *sealed = room(store, len);
	bool done = false;
	int ret;

	if (!sealed)
		return fail(store, ENOMEM,
			    "state file %s: out of memory: free some",
			    store->path);
	ret = seal(store, record, sealed);
	for (int i = 0; ret == 0 && !done && i < 2; i++) {
		store->adding ^= i > 0;
		ret = put_by(store, store->adding ? ADD : CHANGE, record,
			     sealed, len);
		done = ret == 0 && sqlite3_changes(store->db);
	}
	store->records += done && store->adding;
	return ret;
}

/* The first key after all that begin with this one; false: there is none. */
static bool successor(struct name *name, const uint8_t *key, size_t key_len)
{
	name->len = key_len;
	if (key_len)
		memcpy(name->octets, key, key_len);
	while (name->len) {
		if (++name->octets[name->len - 1])
			return true;
		name->len--;
	}
	return false;
}

/* Binds kind and range; `end` must live as long as the statement runs. */
static sqlite3_stmt *bind_range(struct mrkm_store *store, enum statement which,
				int kind, const uint8_t *key, size_t key_len,
				struct name *end)
{
	bool bounded = successor(end, key, key_len);
	sqlite3_stmt *statement = store->statement[which + !bounded];

	sqlite3_bind_int(statement, 1, kind);
	bind_key(statement, key, key_len);
	if (bounded)
		sqlite3_bind_blob(statement, 3, end->octets, end->len,
				  SQLITE_STATIC);
	return statement;
}

static int del(struct mrkm_store *store, const struct gikev2_record *record)
{
	struct name end;
	sqlite3_stmt *statement = bind_range(
		store, DEL, record->kind, record->key, record->key_len, &end);
	int ret = step(store,
		       statement == store->statement[DEL] ? DEL : DEL_FROM);

	if (ret == 0)
		store->records -= sqlite3_changes(store->db);
	return ret;
}

int mrkm_store_save(struct mrkm_store *store,
		    const struct gikev2_record *record)
{
	int ret = begin(store);

	if (ret < 0)
		return ret;
	return record->value ? put(store, record) : del(store, record);
}

/* One row: opened, and shown to the visitor. */
static int visit_row(struct mrkm_store *store, sqlite3_stmt *statement,
		     int kind, gikev2_record_fn visit, void *arg)
{
	struct gikev2_record record = {
		.kind = kind,
		.key = sqlite3_column_blob(statement, 0),
		.key_len = sqlite3_column_bytes(statement, 0),
		.shift = store->shift,
	};
	const uint8_t *sealed = sqlite3_column_blob(statement, 1);
	size_t len = sqlite3_column_bytes(statement, 1);
	uint8_t *value = room(store, len + 1);
	struct name name;
	int ret;

	if (!value)
		return fail(store, ENOMEM,
			    "state file %s: out of memory: free some",
			    store->path);
	if (!name_set(&name, kind, record.key, record.key_len) ||
	    mrkm_unseal(store->seal, name.octets, name.len, sealed, len,
			value) < 0)
		return fail(
			store, EBADMSG,
			"state file %s is damaged, or was sealed under another key: restore both, or remove the state file to begin anew",
			store->path);
	record.value = value;
	record.value_len = len - MRKM_SEAL_OVERHEAD;
	ret = visit(arg, &record);
	explicit_bzero(value, record.value_len);
	return ret;
}

int mrkm_store_load(struct mrkm_store *store, int kind, const uint8_t *key,
		    size_t key_len, gikev2_record_fn visit, void *arg)
{
	struct name end;
	sqlite3_stmt *statement;
	int ret = store->err, code = SQLITE_DONE;

	if (ret < 0)
		return ret;
	statement = bind_range(store, EACH, kind, key, key_len, &end);
	while (ret == 0 && (code = sqlite3_step(statement)) == SQLITE_ROW)
		ret = visit_row(store, statement, kind, visit, arg);
	if (ret == 0 && code != SQLITE_DONE)
		ret = fail_sqlite(store, texts[EACH]);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ret;
}

static int save_clock(struct mrkm_store *store,
		      const struct mrkm_store_clock *clock)
{
	struct gikev2_record record = {
		.kind = KIND_CLOCK,
		.value = (const uint8_t *)clock,
		.value_len = sizeof(*clock),
	};

	return mrkm_store_save(store, &record);
}

int mrkm_store_commit(struct mrkm_store *store,
		      const struct mrkm_store_clock *clock)
{
	int ret = store->err;

	if (ret == 0 && !store->pending)
		return 0;
	if (ret == 0)
		ret = save_clock(store, clock);
	if (ret == 0)
		ret = step(store, COMMIT);
	if (ret == 0)
		store->commits++;
	else if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, texts[ROLLBACK], NULL, NULL, NULL);
	store->pending = false;
	return ret;
}

/* --------------------------------------------------------------------- opening */

/*
 * Each member that acknowledges writes somewhere else in the file: with more
 * pages in memory, 8 MiB of them at most, and in the log before they are copied,
 * 16 MiB, a roll of thousands does not read or write most of them several times.
 */
static const char *const settings = "PRAGMA locking_mode = EXCLUSIVE;"
				    "PRAGMA journal_mode = WAL;"
				    "PRAGMA synchronous = FULL;"
				    "PRAGMA secure_delete = ON;"
				    "PRAGMA cache_size = -8192;"
				    "PRAGMA wal_autocheckpoint = 4000;"
				    "PRAGMA trusted_schema = OFF;"
				    "PRAGMA cell_size_check = ON;";

static const char *const schema =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE IF NOT EXISTS record (kind INTEGER NOT NULL, key BLOB NOT NULL,"
	" value BLOB NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
	"PRAGMA application_id = 1836215149;"
	"PRAGMA user_version = 1;"
	"COMMIT;";

_Static_assert(APPLICATION_ID == 1836215149 && STORE_VERSION == 1,
	       "the schema says the same");

/* 1: nothing is in it yet; 0: a store of ours; or negative. */
static int check_version(struct mrkm_store *store)
{
	int64_t application = 0, version = 0, tables = 0, sound = 0;
	int ret = get_number(store, "PRAGMA application_id", &application);

	if (ret == 0)
		ret = get_number(store, "PRAGMA user_version", &version);
	if (ret == 0)
		ret = get_number(store, "SELECT count(*) FROM sqlite_schema",
				 &tables);
	if (ret < 0)
		return ret;
	if (!tables && !application)
		return 1;
	if (application != APPLICATION_ID)
		return fail(
			store, EINVAL,
			"%s is a database, but not one of this daemon: name another file",
			store->path);
	if (version > STORE_VERSION)
		return fail(
			store, ENOTSUP,
			"state file %s was written by newer software (version %lld): install that, or remove the file to begin anew",
			store->path, (long long)version);
	ret = get_number(
		store,
		"SELECT count(*) FROM pragma_quick_check WHERE quick_check = 'ok'",
		&sound);
	if (ret == 0 && !sound)
		ret = fail(
			store, EBADMSG,
			"state file %s is damaged: restore it, or remove it to begin anew",
			store->path);
	return ret;
}

static int prepare(struct mrkm_store *store)
{
	for (int i = 0; i < STATEMENT_MAX; i++)
		if (sqlite3_prepare_v3(store->db, texts[i], -1,
				       SQLITE_PREPARE_PERSISTENT,
				       &store->statement[i], NULL) != SQLITE_OK)
			return fail_sqlite(store, texts[i]);
	return 0;
}

static int on_check(void *arg, const struct gikev2_record *record)
{
	bool *found = arg;

	(void)record;
	*found = true;
	return 0;
}

static int on_clock(void *arg, const struct gikev2_record *record)
{
	if (record->value_len != sizeof(struct mrkm_store_clock))
		return -EBADMSG;
	memcpy(arg, record->value, sizeof(struct mrkm_store_clock));
	return 0;
}

/* A new store gets a record by which a wrong key shows at once. */
static int check_key(struct mrkm_store *store, bool fresh,
		     const struct mrkm_store_clock *now)
{
	static const uint8_t octets[] = "mrkm";
	struct gikev2_record record = {
		.kind = KIND_CHECK,
		.value = octets,
		.value_len = sizeof(octets),
	};
	struct mrkm_store_clock then = *now;
	bool found = false;
	int ret;

	if (fresh) {
		ret = mrkm_store_save(store, &record);
		return ret < 0 ? ret : mrkm_store_commit(store, now);
	}
	ret = mrkm_store_load(store, KIND_CHECK, NULL, 0, on_check, &found);
	if (ret == 0 && !found)
		ret = fail(
			store, EBADMSG,
			"state file %s is damaged: restore it, or remove it to begin anew",
			store->path);
	if (ret == 0)
		ret = mrkm_store_load(store, KIND_CLOCK, NULL, 0, on_clock,
				      &then);
	then.boot[sizeof(then.boot) - 1] = '\0';
	store->shift = shift_between(&then, now);
	store->clock_went_back = !same_boot(&then, now) &&
				 now->wall < then.wall;
	return ret;
}

/* SQLite opens what it may not write to all the same, and stumbles later. */
static int check_writable(struct mrkm_store *store)
{
	if (sqlite3_db_readonly(store->db, "main") != 1)
		return 0;
	if (access(store->path, W_OK) < 0 && errno == EROFS)
		return fail(
			store, EROFS,
			"state file %s is on a disk that is read-only: mount it for writing, or name another file",
			store->path);
	return fail(
		store, EROFS,
		"state file %s cannot be written: let the daemon's user write to it and to its folder",
		store->path);
}

/* Nobody else may read even what is sealed. */
static int open_db(struct mrkm_store *store)
{
	mode_t mask = umask(077);
	int code = sqlite3_open_v2(store->path, &store->db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
					   SQLITE_OPEN_NOFOLLOW,
				   NULL);
	int ret = code == SQLITE_OK ? check_writable(store)
				    : fail_sqlite(store, "open");

	if (ret == 0)
		ret = run(store, "open", settings);
	umask(mask);
	return ret;
}

static int open_all(struct mrkm_store *store, const char *key,
		    const struct mrkm_store_clock *clock)
{
	int ret = open_db(store), fresh;

	if (ret < 0)
		return ret;
	fresh = check_version(store);
	if (fresh < 0)
		return fresh;
	store->err = mrkm_seal_open(key, fresh, &store->seal, store->problem,
				    sizeof(store->problem));
	if (store->err < 0)
		return store->err;
	if (fresh)
		ret = run(store, "make", schema);
	if (ret == 0)
		ret = prepare(store);
	if (ret == 0)
		ret = get_number(store, "SELECT count(*) FROM record",
				 &store->records);
	if (ret == 0)
		ret = get_number(store, "PRAGMA page_size", &store->page_size);
	return ret < 0 ? ret : check_key(store, fresh, clock);
}

int mrkm_store_open(const char *path, const char *key,
		    const struct mrkm_store_clock *clock,
		    struct mrkm_store **out, char *problem)
{
	struct mrkm_store *store = calloc(1, sizeof(*store));
	int ret = -ENOMEM;

	*out = NULL;
	snprintf(problem, MRKM_STORE_PROBLEM_MAX, "out of memory: free some");
	if (!store)
		return ret;
	store->path = strdup(path);
	if (store->path) {
		ret = open_all(store, key, clock);
		memcpy(problem, store->problem, sizeof(store->problem));
	}
	if (ret < 0)
		mrkm_store_close(store);
	else
		*out = store;
	return ret;
}

void mrkm_store_close(struct mrkm_store *store)
{
	if (!store)
		return;
	for (int i = 0; i < STATEMENT_MAX; i++)
		sqlite3_finalize(store->statement[i]);
	sqlite3_close(store->db);
	mrkm_seal_close(store->seal);
	if (store->buf)
		explicit_bzero(store->buf, store->buf_size);
	free(store->buf);
	free(store->path);
	free(store);
}

bool mrkm_store_clock_went_back(const struct mrkm_store *store)
{
	return store->clock_went_back;
}

bool mrkm_store_pending(const struct mrkm_store *store)
{
	return store->pending;
}

const char *mrkm_store_problem(const struct mrkm_store *store)
{
	return store->err ? store->problem : NULL;
}

void mrkm_store_count(const struct mrkm_store *store,
		      struct mrkm_store_status *status)
{
	status->commits = store->commits;
	status->records = store->err ? 0 : store->records;
}

void mrkm_store_get_status(struct mrkm_store *store,
			   struct mrkm_store_status *status)
{
	sqlite3_stmt *pages = store->statement[PAGES];

	memset(status, 0, sizeof(*status));
	mrkm_store_count(store, status);
	if (store->err)
		return;
	if (sqlite3_step(pages) == SQLITE_ROW)
		status->octets =
			sqlite3_column_int64(pages, 0) * store->page_size;
	sqlite3_reset(pages);
}
