{# An expression over the columns of a row is true of every row. Null counts as broken. #}
{% test holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
