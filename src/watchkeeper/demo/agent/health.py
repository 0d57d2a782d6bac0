"""Is the process alive, and can it work?"""

import asyncio

from fastapi import APIRouter, Response
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from watchkeeper.demo.agent.routes import Serving
from watchkeeper.demo.agent.services import Services

router = APIRouter()


@router.get("/health")
async def health(serving: Serving) -> dict[str, str]:
    return {"status": "ok", "version": serving.version}


@router.get("/ready")
async def ready(serving: Serving, response: Response) -> dict[str, bool]:
    """Without the database there is no work; without the cache it is only slower."""
    database, cache = await asyncio.gather(_database(serving), _cache(serving))
    response.status_code = 200 if database else 503
    return {"database": database, "cache": cache}


async def _database(serving: Services) -> bool:
    try:
        await serving.store.ping()
    except SQLAlchemyError:
        return False
    return True


async def _cache(serving: Services) -> bool:
    try:
        await serving.check_cache()
    except RedisError:
        return False
    return True
