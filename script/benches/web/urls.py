"""The product's routes and the yardstick's: a bare view of Django REST framework that inserts one row."""

from typing import Any

from django.db import connection
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import urlpatterns as product


class BareView(APIView):
    """Parses JSON, inserts a row, renders JSON: no key, no limit, no validation."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def post(self, request: Request) -> Response:
        """The id of the row."""
        given: Any = request.data
        amount = given["amount"]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO bench_bare (name, amount, currency) VALUES (%s, %s, %s) RETURNING id",
                [given["reference"], amount["amount"], amount["currency"]],
            )
            [number] = cursor.fetchone()
        return Response({"id": number, "amount": amount}, status=201)


urlpatterns = [path("bare/", BareView.as_view()), *product]
