// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that wait for work of some microseconds: they look for it for a while
 * before they sleep.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "sim.h"

/* Looks at what is to be done, before a thread sleeps. */
#define PATIENCE 20000

struct sim_pool {
	/* written while nothing is to be done */
	void (*job)(void *);
	void **items;
	_Atomic uint32_t todo;	 /* not begun */
	_Atomic uint32_t undone; /* not finished */

	_Atomic uint32_t sleepers;
	bool closing;
	pthread_mutex_t mutex; /* of `closing`, and of going to sleep */
	pthread_cond_t more;
	uint32_t count; /* of other threads than the caller's */
	pthread_t threads[];
};

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

/* False: there was nothing. */
static bool work(struct sim_pool *pool)
{
	uint32_t todo = atomic_load(&pool->todo);

	while (todo &&
	       !atomic_compare_exchange_weak(&pool->todo, &todo, todo - 1))
		;
	if (!todo)
		return false;
	pool->job(pool->items[todo - 1]);
	atomic_fetch_sub(&pool->undone, 1);
	return true;
}

/* False: there will be nothing more. */
static bool wait_for_work(struct sim_pool *pool)
{
	bool closing;

	for (uint32_t i = 0; i < PATIENCE; i++) {
		if (atomic_load(&pool->todo))
			return true;
		pause_a_little();
	}
	pthread_mutex_lock(&pool->mutex);
	atomic_fetch_add(&pool->sleepers, 1);
	while (!pool->closing && !atomic_load(&pool->todo))
		pthread_cond_wait(&pool->more, &pool->mutex);
	atomic_fetch_sub(&pool->sleepers, 1);
	closing = pool->closing;
	pthread_mutex_unlock(&pool->mutex);
	return !closing;
}

static void *begin(void *arg)
{
	/* OpenSSL keeps a queue of errors for each thread: nobody's */
	ERR_clear_error();
	while (wait_for_work(arg))
		work(arg);
	return NULL;
}

struct sim_pool *sim_pool_new(uint32_t threads)
{
	struct sim_pool *pool;

	if (threads < 2)
		return NULL;
	pool = calloc(1, sizeof(*pool) + threads * sizeof(pool->threads[0]));
	assert(pool);
	if (pthread_mutex_init(&pool->mutex, NULL) ||
	    pthread_cond_init(&pool->more, NULL))
		abort();
	for (; pool->count < threads - 1; pool->count++)
		if (pthread_create(&pool->threads[pool->count], NULL, begin,
				   pool))
			abort();
	return pool;
}

static void wake(struct sim_pool *pool)
{
	pthread_mutex_lock(&pool->mutex);
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->mutex);
}

void sim_pool_run(struct sim_pool *pool, void (*job)(void *), void **items,
		  uint32_t count)
{
	if (!pool || count < 2) {
		while (count)
			job(items[--count]);
		return;
	}
	pool->job = job;
	pool->items = items;
	atomic_store(&pool->undone, count);
	atomic_store(&pool->todo, count);
	if (atomic_load(&pool->sleepers))
		wake(pool);
	while (work(pool))
		;
	while (atomic_load(&pool->undone))
		pause_a_little();
}

void sim_pool_free(struct sim_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->closing = true;
	pthread_cond_broadcast(&pool->more);
	pthread_mutex_unlock(&pool->mutex);
	for (uint32_t i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_mutex_destroy(&pool->mutex);
	pthread_cond_destroy(&pool->more);
	free(pool);
}
